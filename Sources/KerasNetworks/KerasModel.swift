import Basics
import Models

/// A Keras model's JSON before its layers are understood: who reads whom. Covers `Sequential` and `Functional` as
/// `model.to_json()` and the `model_config` attribute of .h5 files have them, in Keras 2 and 3.
package struct KerasModel {
    package struct Entry {
        var name: String
        let kerasClass: String
        var configuration: [String: JSONValue]
        /// Names of the layers it reads; empty for inputs.
        var inputs: [String]

        var isTrainable: Bool { configuration["trainable"] != .bool(false) }
    }

    let name: String
    /// The class of a model whose layers are a chain, not a graph.
    package static let sequential = "Sequential"
    let isSequential: Bool
    /// In the file's order, the input among them.
    private(set) var entries: [Entry]
    /// The layer whose output is the model's.
    private(set) var output: String
    /// Layers whose outputs only training looks at, with the weights of their losses.
    private(set) var auxiliaryOutputs: [(name: String, weight: Float)]

    /// Far more than any network has. The order of layers is found in a time that grows with the square of their number.
    private static let mostLayers = 10_000

    package init(_ model: JSONValue) throws(NetworkError) {
        let kind = model["class_name"]?.string
        let configuration = model["config"] ?? .null
        name = configuration["name"]?.string ?? "model"
        isSequential = kind == Self.sequential
        // Keras before 2.2.3 wrote a Sequential model's layers without anything around them.
        let layers = configuration["layers"]?.array ?? configuration.array ?? []
        guard !layers.isEmpty else {
            throw NetworkError(
                network: name, layer: nil,
                reason: "this is no Keras model: there are no layers; give the output of model.to_json()")
        }
        guard layers.count <= Self.mostLayers else {
            throw NetworkError(
                network: name, layer: nil,
                reason: "it has \(layers.count) layers, and at most \(Self.mostLayers) are read")
        }
        switch kind {
        case Self.sequential:
            entries = try Self.chain(layers, of: configuration, network: name)
            (output, auxiliaryOutputs) = (entries[entries.count - 1].name, [])
        case "Functional", "Model":
            var entries: [Entry] = []
            for layer in layers { entries.append(try Self.functionalEntry(layer, network: name)) }
            self.entries = entries
            let outputs = Self.outputs(configuration["output_layers"])
            let weights = model["auxiliary_weights"]?.array?.compactMap(\.number) ?? []
            guard let first = outputs.first, weights.count == outputs.count - 1 else {
                throw NetworkError(
                    network: name, layer: nil,
                    reason:
                        "it has \(outputs.count) outputs; exactly one is supported, unless auxiliary_weights beside "
                        + "class_name and config has a weight for each of the others")
            }
            output = first
            auxiliaryOutputs = zip(outputs.dropFirst(), weights).map { ($0, Float($1)) }
        default:
            throw NetworkError(
                network: name, layer: nil,
                reason: "models of class \(kind ?? "(none)") are not supported, only Sequential and Functional")
        }
    }

    /// Gives layers names that Keras 3 has, and returns which ones changed.
    package mutating func renameForKeras3() -> [(from: String, to: String)] {
        let names = KerasLayerNames(entries.map(\.name))
        for index in entries.indices {
            entries[index].name = names[entries[index].name]
            entries[index].inputs = entries[index].inputs.map { names[$0] }
        }
        output = names[output]
        auxiliaryOutputs = auxiliaryOutputs.map { (names[$0.name], $0.weight) }
        return names.changes
    }

    /// Gives open axes of the input, `None` in Keras, the sizes of a sample: [H, W], [H, W, C] or [F].
    package mutating func fixInput(_ sizes: [Int]?) throws(NetworkError) {
        for index in entries.indices where entries[index].kerasClass == "InputLayer" {
            do {
                try entries[index].configuration.fixInput(sizes)
            } catch {
                throw NetworkError(network: name, layer: entries[index].name, reason: error.description)
            }
        }
    }

    // MARK: Sequential

    private static func chain(
        _ layers: [JSONValue], of model: JSONValue, network: String
    ) throws(NetworkError) -> [Entry] {
        var entries: [Entry] = []
        for layer in layers {
            let (name, kerasClass, configuration) = try describe(layer, network: network)
            if entries.isEmpty, kerasClass != "InputLayer" {
                // The input's shape then stands with the first layer, or was noted when the model was built.
                let shape = configuration["batch_input_shape"] ?? model["build_input_shape"] ?? .null
                let input = ["batch_shape": shape]
                entries.append(
                    Entry(name: "input_layer", kerasClass: "InputLayer", configuration: input, inputs: []))
            }
            let inputs = entries.last.map { [$0.name] } ?? []
            entries.append(Entry(name: name, kerasClass: kerasClass, configuration: configuration, inputs: inputs))
        }
        return entries
    }

    // MARK: Functional

    private static func functionalEntry(_ layer: JSONValue, network: String) throws(NetworkError) -> Entry {
        let (name, kerasClass, configuration) = try describe(layer, network: network)
        let calls = layer["inbound_nodes"]?.array ?? []
        guard calls.count <= 1 else {
            throw NetworkError(
                network: network, layer: name,
                reason: "it is called \(calls.count) times; layers that share weights are not supported")
        }
        var inputs: [String] = []
        for call in calls {
            let tensors = call.array ?? tensors(in: call["args"] ?? .null)
            for tensor in tensors { inputs.append(try source(tensor, of: name, network: network)) }
            let arguments = call["kwargs"] ?? call.array?.first?.array?.dropFirst(3).first ?? .null
            if kerasClass == "BatchNormalization", let training = arguments["training"]?.bool {
                throw NetworkError(
                    network: network, layer: name,
                    reason: "it is called with training = \(training), which is not supported")
            }
        }
        return Entry(name: name, kerasClass: kerasClass, configuration: configuration, inputs: inputs)
    }

    /// Keras 3's `{"class_name": "__keras_tensor__", "config": {"keras_history": [...]}}`, at any depth of lists.
    private static func tensors(in arguments: JSONValue) -> [JSONValue] {
        if let list = arguments.array { return list.flatMap(tensors(in:)) }
        return arguments["config"]?["keras_history"].map { [$0] } ?? []
    }

    /// `["conv2d", 0, 0]`: layer, call, output; Keras 2 adds the call's keyword arguments.
    private static func source(
        _ tensor: JSONValue, of layer: String, network: String
    ) throws(NetworkError) -> String {
        guard let parts = tensor.array, parts.count >= 3, let name = parts[0].string, parts[1].integer == 0,
            parts[2].integer == 0
        else {
            let text = (try? tensor.text()) ?? "?"
            throw NetworkError(
                network: network, layer: layer,
                reason: "its input \(text) is not the only output of a layer called once, which is not supported")
        }
        return name
    }

    /// `["dense", 0, 0]`, or a list of such lists.
    private static func outputs(_ value: JSONValue?) -> [String] {
        let outputs = value?.array ?? []
        if let name = outputs.first?.string { return [name] }
        return outputs.compactMap { $0.array?.first?.string }
    }

    private static func describe(
        _ layer: JSONValue, network: String
    ) throws(NetworkError) -> (name: String, kerasClass: String, configuration: [String: JSONValue]) {
        guard let kerasClass = layer["class_name"]?.string, let configuration = layer["config"]?.object else {
            throw NetworkError(network: network, layer: nil, reason: "a layer lacks class_name or config")
        }
        let name = layer["name"]?.string ?? configuration["name"]?.string ?? kerasClass.snakeCased
        return (name, KerasPackage.plainName(kerasClass), configuration)
    }
}
