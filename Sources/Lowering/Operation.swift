import Models
import Basics

/// A layer as engines execute it. Activations and normalisations are fused into the operation before them, and padding
/// into the one after it, if that makes one pass over memory. Operations are numbered; the output of operation i is
/// value i.
public struct Operation: Sendable {
    /// The layer's name; the first layer's if several are fused.
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
    /// The margins around the image: the layer's own padding, and that of a padding layer fused into it. They are zeros for
    /// a convolution and a padding layer; a pooling does not count them.
    public let margins: Margins2D

    /// The layer's category in breakdowns of time: `convolution`, `batch normalization`, ...
    public var kind: String { layer.description.category }
}

extension Operation {
    /// Of a transposed convolution: the convolution from its output to its input, whose input gradient it is.
    package func conjugate(_ layer: TransposedConvolution2D) -> Operation {
        Operation(
            name: name, layer: self.layer, activation: .linear, inputs: inputs, parameters: parameters,
            inputShapes: [outputShape], outputShape: inputShapes[0], margins: layer.window.margins(of: outputShape))
    }
}

/// A network as a list of operations, the inputs first.
public struct LoweredNetwork: Sendable {
    /// What a loss looks at.
    public struct Output: Sendable {
        /// The layer's name.
        public let name: String
        /// The operation it is the result of.
        public let value: Int
        /// The activation that the loss has taken over: the value is logits. Predictions apply it.
        public let activation: Activation
        /// Of its loss: 1 for the network's own output.
        public let weight: Float
        /// The node.
        public let node: Int

        /// Whether the value is logits of a cross-entropy.
        package func takesLogits(_ loss: Loss) -> Bool {
            loss.isFromLogits || loss.absorbs(activation)
        }
    }

    /// A value that the loss penalises.
    public struct PenalizedValue: Sendable {
        /// The layer's name.
        public let name: String
        public let value: Int
        public let penalty: ActivityPenalty
    }

    public let network: Network
    public let operations: [Operation]
    /// The network's own output.
    public let output: Output
    /// Those for training only, and heads.
    public let auxiliaryOutputs: [Output]
    /// None of predictions.
    public let penalizedValues: [PenalizedValue]

    /// The values that losses look at.
    package var lossValues: [Int] { ([output] + auxiliaryOutputs).map(\.value) + penalizedValues.map(\.value) }

    /// Fuses activations and padding, and splits off the last activation if `loss` works on logits. Layers that only
    /// auxiliary outputs need are lowered for training only. The operations are given the values of the node `start`, which alone
    /// the nodes behind it may read of those before them; 0 is the network's inputs. `penalties` are those of nodes' outputs.
    public init(
        _ network: Network, loss: Loss, purpose: PlanPurpose, start: Int = 0, penalties: [Int: ActivityPenalty] = [:]
    ) {
        let penalties = purpose == .prediction ? [:] : penalties
        let auxiliary = network.auxiliaryOutputs.filter { purpose == .training || $0.isHead }
        var lowering = Lowering(
            network, isTraining: purpose == .training, loss: loss, start: start, penalized: Set(penalties.keys))
        let lowered = lowering.lower()
        self.network = network
        operations = lowered
        let output = { (node: Int, weight: Float) in
            Output(
                name: network.nodes[node].name, value: lowering.value(of: node),
                activation: lowering.absorbedActivation(of: node), weight: weight, node: node)
        }
        self.output = output(network.nodes.count - 1, 1)
        auxiliaryOutputs = auxiliary.map { output($0.node, $0.weight) }
        penalizedValues = lowering.penalizedNodes.compactMap { node in
            penalties[node].map {
                PenalizedValue(name: network.nodes[node].name, value: lowering.value(of: node), penalty: $0)
            }
        }
    }

    /// The shapes of what the operations are given, in the order of the network's inputs.
    public var inputs: [Shape] { operations.prefix { $0.layer.isInput }.map(\.outputShape) }

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
