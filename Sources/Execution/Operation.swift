import Models
import NumericCore

/// A layer as engines execute it: activations and normalisations are fused into what comes before them where that is
/// one pass over memory. Operations are numbered; the output of operation i is value i.
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

    /// The layer's kind in breakdowns of time: `convolution`, `batch normalization`, ...
    public var kind: String {
        switch layer {
        case .input: "input"
        case .dense: "dense"
        case .convolution: "convolution"
        case .pooling, .globalAveragePooling: "pooling"
        case .batchNormalization: "batch normalization"
        case .activation: "activation"
        case .dropout: "dropout"
        case .flatten: "flatten"
        case .add: "add"
        }
    }
}

/// A network as a list of operations, the input first, the output last.
public struct LoweredNetwork: Sendable {
    public let network: Network
    public let operations: [Operation]
    /// The activation at the network's end that the loss has taken over; predictions apply it.
    public let outputActivation: Activation

    /// Fuses activations, and splits off the last one where `loss` works on logits.
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

private struct Lowering {
    let network: Network
    var operations: [Operation] = []
    /// The value that holds each node's output.
    private var values: [Int] = []
    private let consumers: [Int]
    /// How many nodes read each value; more than one where a linear activation shares its input's.
    private var readers: [Int] = []

    init(_ network: Network) {
        self.network = network
        var consumers = Array(repeating: 0, count: network.nodes.count)
        for node in network.nodes {
            for input in node.inputs { consumers[input] += 1 }
        }
        self.consumers = consumers
    }

    mutating func lower(_ index: Int) {
        let node = network.nodes[index]
        switch node.layer {
        case .dense(let dense): append(index, then: dense.activation)
        case .convolution(let convolution): append(index, then: convolution.activation)
        case .activation(let activation): apply(activation.function, index, to: node.inputs[0])
        default: append(index, then: .linear)
        }
    }

    /// The layer itself, with its own activation fused, or as an operation of its own for softmax.
    private mutating func append(_ index: Int, then activation: Activation) {
        let node = network.nodes[index]
        operations.append(
            Operation(
                name: node.name, layer: node.layer, activation: activation == .softmax ? .linear : activation,
                inputs: node.inputs.map { values[$0] },
                parameters: network.parameters.indices.filter { network.parameters[$0].node == index },
                inputShapes: network.inputShapes(of: index), outputShape: network.shapes[index]))
        values.append(operations.count - 1)
        readers.append(consumers[index])
        if activation == .softmax { values[index] = separate(.softmax, index, from: values[index]) }
    }

    private mutating func apply(_ function: Activation, _ index: Int, to input: Int) {
        let value = values[input]
        if function == .linear {
            readers[value] += consumers[index] - 1
            values.append(value)
        } else if readers[value] == 1, operations[value].canFuse(function) {
            operations[value].activation = function
            readers[value] = consumers[index]
            values.append(value)
        } else {
            values.append(separate(function, index, from: value))
        }
    }

    private mutating func separate(_ function: Activation, _ index: Int, from value: Int) -> Int {
        let shape = operations[value].outputShape
        operations.append(
            Operation(
                name: network.nodes[index].name, layer: .activation(ActivationLayer(function)), activation: .linear,
                inputs: [value], parameters: [], inputShapes: [shape], outputShape: shape))
        readers.append(consumers[index])
        return operations.count - 1
    }

    /// Takes the activation that the loss absorbs off the last operation, and returns it.
    mutating func splitOutput(absorbing absorbed: Activation?) -> Activation {
        guard let absorbed, let last = operations.last else { return .linear }
        if last.activation == absorbed {
            operations[operations.count - 1].activation = .linear
            return absorbed
        }
        if case .activation(let layer) = last.layer, layer.function == absorbed, last.inputs == [operations.count - 2] {
            operations.removeLast()
            return absorbed
        }
        return .linear
    }
}

extension Operation {
    fileprivate func canFuse(_ function: Activation) -> Bool {
        guard activation == .linear, function != .softmax else { return false }
        switch layer {
        case .dense, .convolution, .add: return true
        case .batchNormalization: return function == .relu
        default: return false
        }
    }
}
