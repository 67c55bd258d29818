import Basics

/// Where samples come in: at one node of most networks, at several of one that is given an image and some numbers, or two images.
extension Network {
    /// The nodes of all inputs, in the order in which Keras lists them. They are the network's first nodes.
    public var inputs: [Int] { Array(nodes.prefix { $0.isEntrance }.indices) }

    /// The node of the input whose samples can be decoded, resized and augmented: the first that takes images, else the first.
    public var mainInput: Int { inputs.first { shapes[$0].rank == 3 } ?? 0 }

    /// The nodes of the other inputs.
    public var furtherInputs: [Int] { inputs.filter { $0 != mainInput } }

    /// Of a sample of the main input.
    public var inputShape: Shape { shapes[mainInput] }

    /// `28x28x1`, or `photo 28x28x1, age 1`.
    public var inputText: String {
        inputs.count == 1
            ? "\(inputShape)" : inputs.map { "\(nodes[$0].name) \(shapes[$0])" }.joined(separator: ", ")
    }

    /// Refuses a network with several inputs. `what` takes none: `files of ONNX are written for one`.
    public func requireOneInput(_ what: String) throws(NetworkError) {
        guard inputs.count > 1 else { return }
        let names = inputs.map { nodes[$0].name }.joined(separator: ", ")
        throw NetworkError(network: name, layer: nil, reason: "it has \(inputs.count) inputs (\(names)), and \(what)")
    }
}

extension Node {
    /// Whether samples come in here. The input of a model inside the model has an input of its own.
    var isEntrance: Bool { layer.isInput && inputs.isEmpty }
}
