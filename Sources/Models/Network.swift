import Basics

/// One layer in the graph; `inputs` are indices of earlier nodes.
public struct Node: Sendable, Equatable {
    public let name: String
    public let layer: Layer
    public let inputs: [Int]
    /// Whether training changes the layer's weights and statistics: Keras's `trainable`.
    public let isTrainable: Bool
    /// Of a layer from a file that says more of it than is computed.
    public let origin: LayerOrigin?
    /// Nil for a layer of the network itself that is called once, in the usual way.
    public let call: LayerCall?

    public init(
        name: String, layer: Layer, inputs: [Int], isTrainable: Bool = true, origin: LayerOrigin? = nil
    ) {
        self.init(name: name, layer: layer, inputs: inputs, isTrainable: isTrainable, origin: origin, call: nil)
    }

    /// A call of a layer, whose name follows from it.
    public init(_ call: LayerCall, layer: Layer, inputs: [Int], isTrainable: Bool = true, origin: LayerOrigin? = nil) {
        self.init(
            name: call.name, layer: layer, inputs: inputs, isTrainable: isTrainable, origin: origin, call: call)
    }

    private init(
        name: String, layer: Layer, inputs: [Int], isTrainable: Bool, origin: LayerOrigin?, call: LayerCall?
    ) {
        self.name = name
        self.layer = layer
        self.inputs = inputs
        self.isTrainable = isTrainable
        self.origin = origin
        self.call = call
    }

    /// Whether the same is computed, whatever the origins say.
    public static func == (a: Node, b: Node) -> Bool {
        a.name == b.name && a.layer == b.layer && a.inputs == b.inputs && a.isTrainable == b.isTrainable
            && a.call == b.call
    }

    /// The layer's name, with those of the models that hold it: `base/conv1` for each of its calls.
    public var layerPath: String { call?.layerPath ?? name }

    /// Whether it computes as in evaluation, also in training.
    public var isInference: Bool { call?.isInference ?? false }

    /// The same with other inputs.
    public func reading(_ inputs: [Int]) -> Node {
        Node(name: name, layer: layer, inputs: inputs, isTrainable: isTrainable, origin: origin, call: call)
    }

    public func training(_ isTrainable: Bool) -> Node {
        Node(name: name, layer: layer, inputs: inputs, isTrainable: isTrainable, origin: origin, call: call)
    }

    public func coming(from origin: LayerOrigin?) -> Node {
        Node(name: name, layer: layer, inputs: inputs, isTrainable: isTrainable, origin: origin, call: call)
    }

    /// Another layer in its place, of which no file says more than what is computed.
    public func replaced(by layer: Layer) -> Node {
        Node(name: name, layer: layer, inputs: inputs, isTrainable: isTrainable, origin: nil, call: call)
    }

    /// The same under another name, among the layers of the same model.
    func renamed(_ rename: (String) -> String) -> Node {
        let call = call.map { $0.named(rename($0.layer)) }
        return Node(
            name: call?.name ?? rename(name), layer: layer, inputs: inputs, isTrainable: isTrainable, origin: origin,
            call: call)
    }

    /// Its parameters, of which those that stay as they are have the role of frozen ones.
    fileprivate func parameters(for inputs: [Shape]) -> [ParameterSpecification] {
        layer.description.parameters(for: inputs).map {
            let parameter = origin?.initializers[$0.name].map($0.beginning) ?? $0
            return isTrainable && !(isInference && $0.role == .statistic) ? parameter : parameter.frozen
        }
    }
}

/// What a file says of a layer that its outputs do not depend on. It goes home with the layer as it came.
public struct LayerOrigin: Sendable, Equatable {
    /// The file's word for the layer, if it is not `typeName`. Of the input: its word for a model that is no graph.
    public let typeName: String?
    /// Penalties, constraints, seeds, initial weights that are not the layer's usual ones.
    public let options: [String: JSONValue]
    /// Where parameters of these names begin, if not where they usually do.
    public let initializers: [String: Initializer]
    /// Nil for layers, which most are.
    public let operation: Operation?

    /// A function that stands among the layers of Keras 3.
    public struct Operation: Sendable, Equatable {
        public let module: String
        /// What it is called with, in Keras's words: inputs and constants.
        public let arguments: JSONValue

        public init(module: String, arguments: JSONValue) { (self.module, self.arguments) = (module, arguments) }
    }

    public init(
        typeName: String? = nil, options: [String: JSONValue], initializers: [String: Initializer] = [:],
        operation: Operation? = nil
    ) {
        self.typeName = typeName
        self.options = options
        self.initializers = initializers
        self.operation = operation
    }
}

/// A parameter in the network: which node it belongs to and what it is.
public struct NetworkParameter: Sendable, Equatable {
    public let node: Int
    /// `conv2d_1/kernel`
    public let path: String
    public let specification: ParameterSpecification
}

/// A second classifier in the middle of a network, for training only: its loss, weighted, is added to that of the output,
/// so that gradients reach early layers on a short way (Szegedy et al., "Going deeper with convolutions", 2014).
public struct AuxiliaryOutput: Sendable, Equatable {
    public let node: Int
    public let weight: Float
    /// Whether it is more than that: a head, which has targets of its own, in evaluation and prediction too. What its loss counts
    /// is then said by the loss (`Loss.Head`).
    public let isHead: Bool

    public init(node: Int, weight: Float, isHead: Bool = false) {
        (self.node, self.weight, self.isHead) = (node, weight, isHead)
    }
}

/// A network as a value: nodes in topological order, the inputs first, the last one the output.
public struct Network: Sendable, Equatable {
    public let name: String
    public let nodes: [Node]
    /// The output shape of each node.
    public let shapes: [Shape]
    /// In the order of nodes, and in Keras's order inside each.
    public let parameters: [NetworkParameter]
    /// In the order in which Keras lists them behind the output.
    public let auxiliaryOutputs: [AuxiliaryOutput]
    /// For each node the one that has its weights: the first call of the same layer, in most networks the node itself.
    public let owners: [Int]

    /// Infers all shapes; an error names the layer.
    public init(
        name: String, nodes: [Node], auxiliaryOutputs: [AuxiliaryOutput] = []
    ) throws(NetworkError) {
        var shapes: [Shape] = []
        var parameters: [NetworkParameter] = []
        var names = Set<String>()
        var owners: [Int] = []
        var firstCalls: [String: Int] = [:]
        guard let first = nodes.first, case .input = first.layer else {
            throw NetworkError(network: name, layer: nil, reason: "its first layer must be the input")
        }
        for (index, node) in nodes.enumerated() {
            guard names.insert(node.name).inserted else {
                throw NetworkError(network: name, layer: node.name, reason: "two layers have this name")
            }
            guard !node.isEntrance || nodes[..<index].allSatisfy(\.isEntrance) else {
                throw NetworkError(network: name, layer: node.name, reason: "inputs come before all other layers")
            }
            guard node.inputs.allSatisfy({ (0..<index).contains($0) }) else {
                throw NetworkError(
                    network: name, layer: node.name, reason: "it reads a layer that does not come before it")
            }
            let inputs = node.inputs.map { shapes[$0] }
            do {
                shapes.append(try node.layer.description.possibleOutputShape(of: inputs))
            } catch {
                throw NetworkError(network: name, layer: node.name, reason: error.description)
            }
            let owner = firstCalls[node.layerPath] ?? index
            firstCalls[node.layerPath] = owner
            owners.append(owner)
            let specifications = node.parameters(for: inputs)
            if owner == index {
                parameters += specifications.map {
                    NetworkParameter(node: index, path: "\(node.layerPath)/\($0.name)", specification: $0)
                }
            } else if !node.layer.isInput && nodes[owner].layer.uncalled != node.layer.uncalled
                || specifications != nodes[owner].parameters(for: nodes[owner].inputs.map { shapes[$0] })
            {
                throw NetworkError(
                    network: name, layer: node.name,
                    reason: "it has other weights than the first call of the layer, or trains otherwise")
            }
        }
        let read = Set(nodes.flatMap(\.inputs) + auxiliaryOutputs.map(\.node))
        if let unread = nodes.indices.dropLast().first(where: { !read.contains($0) && !nodes[$0].isEntrance }) {
            throw NetworkError(
                network: name, layer: nodes[unread].name,
                reason: "no layer reads its output, and it is not the last layer")
        }
        self.name = name
        self.nodes = nodes
        self.shapes = shapes
        self.parameters = parameters
        self.owners = owners
        self.auxiliaryOutputs = auxiliaryOutputs
        try requireOutputsAlike()
    }

    public var outputShape: Shape { shapes[shapes.count - 1] }

    /// How many nodes are calls of the layer that each node is the first call of; 0 for other nodes.
    public var callCounts: [Int] {
        var counts = [Int](repeating: 0, count: nodes.count)
        for owner in owners { counts[owner] += 1 }
        return counts
    }

    public func inputShapes(of node: Int) -> [Shape] { nodes[node].inputs.map { shapes[$0] } }

    /// Keras's count: moving statistics included.
    public var parameterCount: Int { parameters.reduce(0) { $0 + $1.specification.shape.count } }

    public var trainableParameterCount: Int {
        parameters.reduce(0) { $0 + ($1.specification.role == .trainable ? $1.specification.shape.count : 0) }
    }

    /// Multiply-adds of one sample's forward pass.
    public var multiplyAdds: Int {
        nodes.indices.reduce(0) { sum, node in
            // A layer can have close to 2^62. Whoever sees the largest Int sees that nobody will compute this.
            let (total, overflow) = sum.addingReportingOverflow(
                nodes[node].layer.description.multiplyAdds(for: inputShapes(of: node)))
            return overflow ? .max : total
        }
    }

    /// Whether some batch normalisation takes statistics of its samples; a frozen one uses those it has.
    public var normalizesBatches: Bool {
        nodes.contains { if case .batchNormalization = $0.layer { $0.isTrainable && !$0.isInference } else { false } }
    }
}

/// A network that cannot be: which layer, and why.
public struct NetworkError: Error, Sendable, Equatable, CustomStringConvertible {
    public let network: String
    public let layer: String?
    public let reason: String

    public init(network: String, layer: String?, reason: String) {
        self.network = network
        self.layer = layer
        self.reason = reason
    }

    public var description: String {
        "model \(network)" + (layer.map { ", layer \($0)" } ?? "") + ": \(reason)"
    }
}

extension Network {
    /// The parameters that an optimizer changes, in order.
    public var trainableParameters: [NetworkParameter] { trainableIndices.map { parameters[$0] } }

    /// Their indices in `parameters`.
    public var trainableIndices: [Int] { parameters.indices.filter { parameters[$0].specification.role == .trainable } }
}
