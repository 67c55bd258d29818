import Basics
import Models

extension Network {
    /// The `model_config` of a legacy Keras .h5 file: a `Functional` model with Keras 2's list form of connections,
    /// which `keras.models.load_model` of Keras 3.15 reads from such files. Auxiliary outputs follow the output; their
    /// weights stand outside `config`, where Keras does not look.
    public var kerasModel: JSONValue { kerasModel(for: .keras3) }

    /// Keras 2 has another word for the shape of the input, which is all that differs.
    func kerasModel(for reader: KerasReader) -> JSONValue {
        let tensor = { (node: Int) -> JSONValue in [.string(nodes[node].name), 0, 0] }
        let layers = nodes.map { node -> JSONValue in
            let origin = node.origin
            var configuration = origin?.typeName == nil ? node.layer.keras.kerasConfiguration : [:]
            configuration.merge(origin?.options ?? [:]) { _, kept in kept }
            if reader == .keras2, let shape = configuration.removeValue(forKey: "batch_shape") {
                configuration["batch_input_shape"] = shape
            }
            configuration["name"] = .string(node.name)
            configuration["dtype"] = "float32"
            if !node.inputs.isEmpty { configuration["trainable"] = .bool(node.isTrainable) }
            let inputs = node.inputs.map { input -> JSONValue in [.string(nodes[input].name), 0, 0, [:]] }
            return [
                "class_name": .string(origin?.typeName ?? node.layer.keras.registeredClass),
                "config": .object(configuration),
                "name": .string(node.name), "inbound_nodes": inputs.isEmpty ? [] : [.array(inputs)],
            ]
        }
        var model: [String: JSONValue] = [
            "class_name": "Functional",
            "config": [
                "name": .string(name), "trainable": true, "layers": .array(layers),
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
}
