import Models
import Basics

/// What a plan computes.
public enum PlanPurpose: Sendable {
    /// Forward, loss and backward.
    case training
    /// Forward and metrics.
    case evaluation
    /// Forward, and the network's last activation.
    case prediction
}

/// Turns a network's nodes into operations, one after another. Operations are fused if a value has only one reader.
struct Lowering {
    private let network: Network
    private let isTraining: Bool
    /// The node whose value is what the operations are given; 0 for the network's inputs.
    private let start: Int
    /// Whether each node is lowered at all.
    private let isNeeded: [Bool]
    /// The nodes whose outputs the loss penalises: it reads them as they are.
    private let penalized: Set<Int>
    /// The nodes at the network's ends that leave their activation to the loss.
    private var absorbing: Set<Int> = []
    private var operations: [Operation] = []
    /// The value that holds each node's output.
    private var values: [Int]
    /// The padding that each node leaves to its only reader.
    private var deferredMargins: [Int: Margins2D] = [:]
    /// The nodes that read each node.
    private let consumers: [[Int]]
    /// How many nodes read each value. A linear activation shares its input's value, which then has the readers of
    /// both.
    private var readers: [Int] = []

    init(_ network: Network, isTraining: Bool, loss: Loss, start: Int, penalized: Set<Int>) {
        self.network = network
        self.isTraining = isTraining
        self.start = start
        self.penalized = penalized
        let serves = isTraining ? network.nodes.map { _ in true } : network.servesOutput
        isNeeded = serves.indices.map { serves[$0] && $0 >= start }
        values = Array(repeating: 0, count: network.nodes.count)
        var consumers: [[Int]] = Array(repeating: [], count: network.nodes.count)
        for (index, node) in network.nodes.enumerated() where isNeeded[index] && index > start {
            for input in node.inputs { consumers[input].append(index) }
        }
        self.consumers = consumers
        let auxiliary = network.auxiliaryOutputs.filter { isTraining || $0.isHead }
        let outputs = [network.nodes.count - 1] + auxiliary.map(\.node)
        for (number, output) in outputs.enumerated() {
            // An output that other layers read as well keeps its activation.
            guard consumers[output].isEmpty else { continue }
            let end = end(of: output)
            if !penalized.contains(end), loss.ofOutput(number).absorbs(network.nodes[end].layer.activation) {
                absorbing.insert(end)
            }
        }
    }

    mutating func lower() -> [Operation] {
        for index in network.nodes.indices where isNeeded[index] {
            lower(index)
            if penalized.contains(index) { readers[values[index]] += 1 }
        }
        return operations
    }

    private mutating func lower(_ index: Int) {
        let node = network.nodes[index]
        if index == start || start == 0 && node.layer.isInput && node.inputs.isEmpty { return appendStart(index) }
        switch node.layer {
        case .input where !node.inputs.isEmpty: apply(.linear, index, to: node.inputs[0])
        case .activation: apply(activation(of: index), index, to: node.inputs[0])
        case .zeroPadding(let padding) where !penalized.contains(index) && readerTakes(padding.margins, from: index):
            deferredMargins[index] = padding.margins
            values[index] = values[node.inputs[0]]
        default: append(index, then: activation(of: index))
        }
    }

    private mutating func appendStart(_ index: Int) {
        let shape = network.shapes[index].ofEngines
        values[index] = add(
            .input(Input(shape: shape)), index, inputs: [], outputShape: shape, readers: consumers[index].count)
    }

    /// Adds an operation, and returns its value.
    private mutating func add(
        _ layer: Layer, _ index: Int, inputs: [Int], parameters: [Int] = [], inputShapes: [Shape]? = nil,
        outputShape: Shape, margins: Margins2D = .none, readers count: Int
    ) -> Int {
        operations.append(
            Operation(
                name: network.nodes[index].name, layer: layer, activation: .linear, inputs: inputs,
                parameters: parameters, inputShapes: inputShapes ?? inputs.map { operations[$0].outputShape },
                outputShape: outputShape, margins: margins))
        readers.append(count)
        return operations.count - 1
    }

    /// The node's own activation, unless it leaves that to the loss.
    private func activation(of index: Int) -> Activation {
        absorbing.contains(index) ? .linear : network.nodes[index].layer.activation
    }

    // MARK: Outputs

    func value(of output: Int) -> Int { values[output] }

    /// The nodes with penalties that are lowered.
    var penalizedNodes: [Int] { penalized.filter { isNeeded[$0] && $0 > start }.sorted() }

    func absorbedActivation(of output: Int) -> Activation {
        let end = end(of: output)
        return absorbing.contains(end) ? network.nodes[end].layer.activation : .linear
    }

    /// The layer that makes an output, looking through linear activations; the output itself where others read that
    /// layer.
    private func end(of output: Int) -> Int {
        let node = network.nodes[output]
        guard node.layer == .activation(ActivationLayer(.linear)), consumers[node.inputs[0]].count == 1,
            !penalized.contains(output)
        else { return output }
        return end(of: node.inputs[0])
    }

    /// The layer itself, with its own activation fused, or as an operation of its own.
    private mutating func append(_ index: Int, then activation: Activation) {
        let node = network.nodes[index]
        let inputs = node.inputs.map { values[$0] }
        let parameters = network.parameters.indices.filter { network.parameters[$0].node == network.owners[index] }
        if let stages = stages(of: index) {
            values[index] = append(stages, index, to: inputs[0], parameters)
        } else if let branched = computed(node.layer, of: node).description as? any BranchedLayer {
            let parts = branched.parts(for: node.inputs.map { network.shapes[$0].ofEngines })
            values[index] = append(parts, index, to: inputs, parameters)
        } else {
            values[index] = add(
                computed(node.layer, of: node), index, inputs: inputs, parameters: parameters,
                inputShapes: zip(node.inputs, inputs).map { inputShape($0, value: $1, of: node.layer) },
                outputShape: network.shapes[index].ofEngines, margins: margins(of: index),
                readers: consumers[index].count)
        }
        if operations[values[index]].canFuse(activation) {
            operations[values[index]].activation = activation
        } else if activation != .linear {
            values[index] = separate(activation, index, from: values[index])
        }
    }

    /// What the plan computes of a node's layer: nothing is left to chance in evaluation.
    private func computed(_ layer: Layer, of node: Node) -> Layer {
        isTraining && !node.isInference ? layer : layer.inferring
    }

    /// Layers in plain loops get a sequence as it is: their axes are those of the sequence.
    private func inputShape(_ input: Int, value: Int, of layer: Layer) -> Shape {
        if case .plain = layer, network.shapes[input].rank == 2 { return network.shapes[input] }
        return operations[value].outputShape
    }

    // MARK: Composed layers

    private func stages(of index: Int) -> [Stage]? {
        let node = network.nodes[index]
        guard let composed = node.layer.description as? any ComposedLayer else { return nil }
        return composed.stages(for: network.shapes[node.inputs[0]].ofEngines)
    }

    /// One operation a stage. The first one takes the padding that the layer's input left to it.
    private mutating func append(_ stages: [Stage], _ index: Int, to input: Int, _ parameters: [Int]) -> Int {
        var value = input
        var padding = deferredMargins[network.nodes[index].inputs[0]] ?? .none
        var shape = network.shapes[network.nodes[index].inputs[0]].ofEngines
        for (place, stage) in stages.enumerated() {
            let isLast = place == stages.count - 1
            let margins = stage.layer.margins(of: shape)
            shape = isLast ? network.shapes[index].ofEngines : stage.outputShape(of: shape)
            value = add(
                computed(stage.layer, of: network.nodes[index]), index, inputs: [value],
                parameters: stage.parameters.map { parameters[$0] },
                outputShape: shape, margins: margins + padding, readers: isLast ? consumers[index].count : 1)
            padding = .none
        }
        return value
    }

    /// One operation a part.
    private mutating func append(_ parts: [LayerPart], _ index: Int, to inputs: [Int], _ parameters: [Int]) -> Int {
        var results: [Int] = []
        for (place, part) in parts.enumerated() {
            let sources = part.sources.map { source in
                switch source {
                case .input(let number): inputs[number]
                case .part(let number): results[number]
                }
            }
            let isLast = place == parts.count - 1
            let shapes = sources.map { operations[$0].outputShape }
            // For inputs that the whole layer accepts.
            let shape = isLast ? network.shapes[index].ofEngines : (try? part.layer.description.outputShape(of: shapes))
            let uses = parts.reduce(0) { $0 + $1.sources.count { $0 == .part(place) } }
            results.append(
                add(
                    part.layer, index, inputs: sources, parameters: part.parameters.map { parameters[$0] },
                    outputShape: shape ?? shapes[0], readers: isLast ? consumers[index].count : uses))
        }
        return results[results.count - 1]
    }

    private mutating func apply(_ function: Activation, _ index: Int, to input: Int) {
        let value = values[input]
        if function == .linear {
            readers[value] += consumers[index].count - 1
            values[index] = value
        } else if readers[value] == 1, operations[value].canFuse(function) {
            operations[value].activation = function
            readers[value] = consumers[index].count
            values[index] = value
        } else {
            values[index] = separate(function, index, from: value)
        }
    }

    private mutating func separate(_ function: Activation, _ index: Int, from value: Int) -> Int {
        add(
            .activation(ActivationLayer(function)), index, inputs: [value],
            outputShape: operations[value].outputShape, readers: consumers[index].count)
    }

    /// Whether the only reader of a padding can read the unpadded image instead. A convolution can. A maximum over
    /// values of a ReLU can too: zeros do not change its result, and a ReLU passes no gradient back at zero. Each place
    /// of the window must then still see a pixel of the image.
    private func readerTakes(_ padding: Margins2D, from index: Int) -> Bool {
        guard consumers[index].count == 1 else { return false }
        let reader = network.nodes[consumers[index][0]].layer
        guard let window = reader.window else { return false }
        let margins = padding + window.margins(of: network.shapes[index])
        let seesPixels =
            max(margins.top, margins.bottom) < window.reach.height
            && max(margins.left, margins.right) < window.reach.width
        guard case .pooling(let pooling) = reader else { return seesPixels }
        let source = operations[values[network.nodes[index].inputs[0]]]
        return seesPixels && pooling.kind == .max && source.endsInReLU
    }

    /// The layer's own margins around those that its input left to it.
    private func margins(of index: Int) -> Margins2D {
        let node = network.nodes[index]
        guard let input = node.inputs.first else { return .none }
        return node.layer.margins(of: network.shapes[input]) + (deferredMargins[input] ?? .none)
    }
}

extension Layer {
    /// The window that moves over the image, if there is one.
    fileprivate var window: Window2D? {
        switch self {
        case .convolution(let layer): layer.window
        case .pooling(let layer): layer.window
        case .plain(let layer as DepthwiseConvolution2D): layer.window
        case .plain(let layer as SeparableConvolution2D): layer.depthwise.window
        default: nil
        }
    }

    /// The layer's own margins around its input.
    fileprivate func margins(of input: Shape) -> Margins2D {
        if case .zeroPadding(let padding) = self { return padding.margins }
        return window?.margins(of: input) ?? .none
    }
}

extension Operation {
    /// Whether no value is negative, and zeros pass no gradient back.
    fileprivate var endsInReLU: Bool { activation == .relu || layer == .activation(ActivationLayer(.relu)) }

    fileprivate func canFuse(_ function: Activation) -> Bool {
        guard activation == .linear, function.isOfEngines else { return false }
        switch layer {
        case .convolution(let layer): return layer.groups == 1
        case .dense, .add, .scale: return true
        case .batchNormalization: return function == .relu
        default: return false
        }
    }
}
