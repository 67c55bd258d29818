import Basics
import Models

extension Network {
    /// The `model_config` of a legacy Keras .h5 file, which `keras.models.load_model` of Keras 3.15 reads from such files: a
    /// `Functional` model with Keras 2's list form of connections, or a `Sequential` one if it came as such. Auxiliary outputs
    /// follow the output; their weights stand outside `config`, where Keras does not look.
    public var kerasModel: JSONValue { kerasModel(for: .keras3) }

    /// Keras 2 has another word for the shape of the input, which is all that differs.
    package func kerasModel(for reader: KerasReader) -> JSONValue {
        let layers = nodes.map { kerasLayer($0, for: reader) }
        if isSequential {
            return [
                "class_name": .string(KerasModel.sequential),
                "config": ["name": .string(name), "trainable": true, "layers": .array(layers.map { .object($0) })],
            ]
        }
        let tensor = { (node: Int) -> JSONValue in [.string(nodes[node].name), 0, 0] }
        let connected = zip(nodes, layers).map { node, layer -> JSONValue in
            let inputs = node.inputs.map { input -> JSONValue in [.string(nodes[input].name), 0, 0, [:]] }
            let connections: [String: JSONValue] = [
                "name": .string(node.name), "inbound_nodes": inputs.isEmpty ? [] : [.array(inputs)],
            ]
            return .object(layer.merging(connections) { _, own in own })
        }
        var model: [String: JSONValue] = [
            "class_name": "Functional",
            "config": [
                "name": .string(name), "trainable": true, "layers": .array(connected),
                "input_layers": tensor(0),
                "output_layers": auxiliaryOutputs.isEmpty
                    ? tensor(nodes.count - 1) : .array(kerasOutputs.map(tensor)),
            ],
        ]
        if !auxiliaryOutputs.isEmpty {
            model["auxiliary_weights"] = .array(auxiliaryOutputs.map { .decimal($0.weight) })
        }
        return .object(model)
    }

    /// Class and options.
    private func kerasLayer(_ node: Node, for reader: KerasReader) -> [String: JSONValue] {
        // An input's origin is the whole model's.
        let origin = node.inputs.isEmpty ? nil : node.origin
        var configuration = origin?.typeName == nil ? node.layer.keras.kerasConfiguration : [:]
        configuration.merge(origin?.options ?? [:]) { _, kept in kept }
        if reader == .keras2, let shape = configuration.removeValue(forKey: "batch_shape") {
            configuration["batch_input_shape"] = shape
        }
        configuration["name"] = .string(node.name)
        configuration["dtype"] = "float32"
        if !node.inputs.isEmpty { configuration["trainable"] = .bool(node.isTrainable) }
        return [
            "class_name": .string(origin?.typeName ?? node.layer.keras.registeredClass),
            "config": .object(configuration),
        ]
    }

    /// Whether it came as Keras's `Sequential`, and still is a chain.
    package var isSequential: Bool {
        nodes[0].origin?.typeName == KerasModel.sequential && auxiliaryOutputs.isEmpty
            && nodes.indices.dropFirst().allSatisfy { nodes[$0].inputs == [$0 - 1] }
    }
}
