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

    public init(
        name: String, layer: Layer, inputs: [Int], isTrainable: Bool = true, origin: LayerOrigin? = nil
    ) {
        self.name = name
        self.layer = layer
        self.inputs = inputs
        self.isTrainable = isTrainable
        self.origin = origin
    }

    /// Whether the same is computed, whatever the origins say.
    public static func == (a: Node, b: Node) -> Bool {
        a.name == b.name && a.layer == b.layer && a.inputs == b.inputs && a.isTrainable == b.isTrainable
    }
}

/// What a file says of a layer that its outputs do not depend on. It goes home with the layer as it came.
public struct LayerOrigin: Sendable, Equatable {
    /// The file's word for the layer, if it is not `typeName`. Of the input: its word for a model that is no graph.
    public let typeName: String?
    /// Penalties, seeds, initial weights of a kind that does not exist here.
    public let options: [String: JSONValue]

    public init(typeName: String? = nil, options: [String: JSONValue]) {
        self.typeName = typeName
        self.options = options
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

    public init(node: Int, weight: Float) {
        self.node = node
        self.weight = weight
    }
}

/// A network as a value: nodes in topological order, the first one the input, the last one the output.
public struct Network: Sendable, Equatable {
    public let name: String
    public let nodes: [Node]
    /// The output shape of each node.
    public let shapes: [Shape]
    /// In the order of nodes, and in Keras's order inside each.
    public let parameters: [NetworkParameter]
    /// In the order in which Keras lists them behind the output.
    public let auxiliaryOutputs: [AuxiliaryOutput]

    /// Infers all shapes; an error names the layer.
    public init(
        name: String, nodes: [Node], auxiliaryOutputs: [AuxiliaryOutput] = []
    ) throws(NetworkError) {
        var shapes: [Shape] = []
        var parameters: [NetworkParameter] = []
        var names = Set<String>()
        guard let first = nodes.first, case .input = first.layer else {
            throw NetworkError(network: name, layer: nil, reason: "its first layer must be the input")
        }
        for (index, node) in nodes.enumerated() {
            guard names.insert(node.name).inserted else {
                throw NetworkError(network: name, layer: node.name, reason: "two layers have this name")
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
            parameters += node.layer.description.parameters(for: inputs).map {
                NetworkParameter(
                    node: index, path: "\(node.name)/\($0.name)", specification: node.isTrainable ? $0 : $0.frozen)
            }
        }
        let read = Set(nodes.flatMap(\.inputs) + auxiliaryOutputs.map(\.node))
        if let unread = nodes.indices.dropLast().first(where: { !read.contains($0) }) {
            throw NetworkError(
                network: name, layer: nodes[unread].name,
                reason: "no layer reads its output, and it is not the last layer")
        }
        self.name = name
        self.nodes = nodes
        self.shapes = shapes
        self.parameters = parameters
        self.auxiliaryOutputs = auxiliaryOutputs
        try requireOutputsAlike()
    }

    public var inputShape: Shape { shapes[0] }
    public var outputShape: Shape { shapes[shapes.count - 1] }

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
        nodes.contains { if case .batchNormalization = $0.layer { $0.isTrainable } else { false } }
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
