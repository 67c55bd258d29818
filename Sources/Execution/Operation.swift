import Models
import NumericCore

/// A layer as engines execute it: activations and normalisations are fused into what comes before them, and padding
/// into what comes after it, where that is one pass over memory. Operations are numbered; the output of operation i is
/// value i.
public struct Operation: Sendable {
    /// The layer's name; of the first layer where several are fused.
    public let name: String
    /// What to compute. Its own activation, if it has one, is in `activation`.
    public let layer: Layer
    /// The elementwise function applied to the result; never softmax.
    public internal(set) var activation: Activation
    public let inputs: [Int]
    /// Indices in the network's `parameters`, in Keras's order inside the layer.
    public let parameters: [Int]
    /// Shapes of one sample.
    public let inputShapes: [Shape]
    public let outputShape: Shape
    /// What surrounds the image: zeros for a convolution and a padding layer, for a pooling what does not count. The
    /// layer's own padding, and that of a padding layer fused into it.
    public let margins: Margins2D

    /// The layer's kind in breakdowns of time: `convolution`, `batch normalization`, ...
    public var kind: String {
        switch layer {
        case .input: "input"
        case .dense: "dense"
        case .convolution: "convolution"
        case .zeroPadding: "padding"
        case .pooling, .globalAveragePooling: "pooling"
        case .batchNormalization: "batch normalization"
        case .activation: "activation"
        case .dropout: "dropout"
        case .flatten: "flatten"
        case .add: "add"
        case .scale: "scale"
        case .concatenate: "concatenation"
        case .localResponseNormalization: "response normalization"
        case .upSampling: "up-sampling"
        case .identityShortcut: "shortcut"
        }
    }
}

/// A network as a list of operations, the input first, the output last.
public struct LoweredNetwork: Sendable {
    public let network: Network
    public let operations: [Operation]
    /// The activation at the network's end that the loss has taken over; predictions apply it.
    public let outputActivation: Activation

    /// Fuses activations and padding, and splits off the last one where `loss` works on logits.
    public init(_ network: Network, loss: Loss) {
        var lowering = Lowering(network)
        for index in network.nodes.indices { lowering.lower(index) }
        outputActivation = lowering.splitOutput(absorbing: loss.absorbedActivation)
        self.network = network
        operations = lowering.operations
    }

    /// Whether each value depends on a trainable parameter, so that its gradient is wanted.
    public var needsGradient: [Bool] {
        var needs: [Bool] = []
        for operation in operations {
            let trains = operation.parameters.contains { network.parameters[$0].specification.role == .trainable }
            needs.append(trains || operation.inputs.contains { needs[$0] })
        }
        return needs
    }
}
