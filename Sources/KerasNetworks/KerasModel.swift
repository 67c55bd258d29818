import Basics
import KerasCalls
import Models

/// A Keras model's JSON before its layers are understood: who calls whom. Covers `Sequential` and `Functional` as
/// `model.to_json()` and the `model_config` attribute of .h5 files have them, in Keras 2 and 3, and models inside models.
package struct KerasModel {
    /// An output of a call of a layer.
    struct Source: Hashable {
        var layer: String
        var call: Int
        let output: Int
    }

    struct Call {
        var inputs: [Source]
        /// Keras's `training`; nil where the call does not say it.
        let training: Bool?
        /// Whether the last of its inputs is an attention's mask.
        var hasMaskTensor = false
        /// What else a call of a layer says, by name.
        var options: [String: JSONValue] = [:]
        /// Of an operation: what it is given, as the file has it.
        var arguments: JSONValue?
    }

    enum Content {
        case layer([String: JSONValue])
        /// A function of Keras 3, by its module and its options.
        case operation(String, [String: JSONValue])
        case model(KerasModel)
    }

    struct Entry {
        var name: String
        let kerasClass: String
        var content: Content
        /// None for inputs.
        var calls: [Call]

        var isInput: Bool { kerasClass == "InputLayer" }
    }

    let name: String
    /// The class of a model whose layers are a chain, not a graph.
    package static let sequential = "Sequential"
    let isSequential: Bool
    let isTrainable: Bool
    /// In the file's order, the inputs among them.
    private(set) var entries: [Entry]
    /// Names of the input layers, in the order in which a call gives them.
    private(set) var inputs: [String]
    private(set) var outputs: [Source]
    /// Whether its outputs have targets of their own though they have one shape.
    let hasHeads: Bool
    private let lossWeights: [JSONValue]

    /// Far more than any network has.
    static let mostLayers = 10_000
    /// Of models inside models.
    static let mostLevels = 32

    package init(_ model: JSONValue) throws(NetworkError) {
        try self.init(KerasReader.inWordsOfKeras3(model), levels: 0)
    }

    private init(_ model: JSONValue, levels: Int) throws(NetworkError) {
        let kind = model["class_name"]?.string
        let configuration = model["config"] ?? .null
        let name = configuration["name"]?.string ?? "model"
        self.name = name
        isSequential = kind == Self.sequential
        isTrainable = configuration["trainable"] != .bool(false)
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
        guard levels < Self.mostLevels else {
            throw NetworkError(
                network: name, layer: nil, reason: "models lie in models, more than \(Self.mostLevels) deep")
        }
        switch kind {
        case Self.sequential:
            entries = try Self.chain(layers, of: configuration, network: name, levels)
            inputs = [entries[0].name]
            outputs = [Source(layer: entries[entries.count - 1].name, call: 0, output: 0)]
        case "Functional", "Model":
            var entries: [Entry] = []
            for layer in layers { entries.append(try Self.functionalEntry(layer, network: name, levels)) }
            self.entries = entries
            inputs = try Self.sources(configuration["input_layers"], network: name).map(\.layer)
            if inputs.isEmpty { inputs = entries.filter(\.isInput).map(\.name) }
            outputs = try Self.sources(configuration["output_layers"], network: name)
        default:
            throw NetworkError(
                network: name, layer: nil,
                reason: "models of class \(kind ?? "(none)") are not supported, only Sequential and Functional")
        }
        lossWeights = (model["auxiliary_weights"] ?? model["compile_config"]?["loss_weights"])?.array ?? []
        hasHeads = model["outputs_have_targets"]?.bool ?? false
        try requireNames()
        countCallsFromZero()
    }

    /// Refuses two layers of one name, and inputs that are not there.
    private func requireNames() throws(NetworkError) {
        var names: Set<String> = []
        if let entry = entries.first(where: { !names.insert($0.name).inserted }) {
            throw NetworkError(network: name, layer: entry.name, reason: "two layers have this name")
        }
        if let input = inputs.first(where: { !names.contains($0) }) {
            throw NetworkError(
                network: name, layer: nil, reason: "its input_layers name \(input), and no layer is called so")
        }
    }

    /// tf_keras counts the calls of a model inside the model from 1: the first was when the model was made.
    private mutating func countCallsFromZero() {
        for entry in entries {
            guard case .model = entry.content else { continue }
            let sources = entries.flatMap { $0.calls.flatMap(\.inputs) } + outputs
            let calls = Set(sources.filter { $0.layer == entry.name }.map(\.call))
            guard calls.contains(entry.calls.count), !calls.contains(0) else { continue }
            func count(_ source: inout Source) { if source.layer == entry.name { source.call -= 1 } }
            for index in entries.indices {
                for call in entries[index].calls.indices {
                    for input in entries[index].calls[call].inputs.indices {
                        count(&entries[index].calls[call].inputs[input])
                    }
                }
            }
            for index in outputs.indices { count(&outputs[index]) }
        }
    }

    /// Of each call, by its first result: those that others read, or that are outputs of the model.
    func resultsThatAreRead() -> [Source: Set<Int>] {
        let read = entries.flatMap { $0.calls.flatMap(\.inputs) } + outputs
        return Dictionary(grouping: read) { Source(layer: $0.layer, call: $0.call, output: 0) }
            .mapValues { Set($0.map(\.output)) }
    }

    /// Of the losses of the second output and those after it, where all learn the same labels. `auxiliary_weights`, which dptrain
    /// writes, are just these; `loss_weights` of a model that was compiled are those of all. Without either they are 1.
    func auxiliaryWeights() throws(NetworkError) -> [Float] {
        let weights = lossWeights.compactMap(\.number).map { Float($0) }
        if weights.isEmpty { return [Float](repeating: 1, count: max(0, outputs.count - 1)) }
        if weights.count == outputs.count - 1 { return weights }
        guard weights.count == outputs.count, weights.first == 1 else {
            throw NetworkError(
                network: name, layer: nil,
                reason: "its \(outputs.count) outputs have the loss weights "
                    + "\((try? JSONValue.array(lossWeights).text()) ?? "?"); "
                    + "there must be one for each, and 1 for the first")
        }
        return Array(weights.dropFirst())
    }

    /// Gives layers names that Keras 3 has, and returns which ones changed.
    package mutating func renameForKeras3() -> [(from: String, to: String)] {
        let names = KerasLayerNames(entries.map(\.name))
        var changes = names.changes
        for index in entries.indices {
            entries[index].name = names[entries[index].name]
            for call in entries[index].calls.indices {
                for input in entries[index].calls[call].inputs.indices {
                    let layer = entries[index].calls[call].inputs[input].layer
                    entries[index].calls[call].inputs[input].layer = names[layer]
                }
            }
            if case .model(var model) = entries[index].content {
                changes += model.renameForKeras3()
                entries[index].content = .model(model)
            }
        }
        inputs = inputs.map { names[$0] }
        for index in outputs.indices { outputs[index].layer = names[outputs[index].layer] }
        return changes
    }

    /// Gives open axes of the input, `None` in Keras, the sizes of a sample: [H, W], [H, W, C] or [F], or
    /// [H] of square images. Of several inputs it is the first
    /// that takes images.
    package mutating func fixInput(_ sizes: [Int]?) throws(NetworkError) {
        let images = entries.indices.filter { entries[$0].isInput && entries[$0].content.inputAxes == 4 }
        for index in entries.indices where entries[index].isInput && (inputs.count == 1 || index == images.first) {
            guard case .layer(var configuration) = entries[index].content else { continue }
            do {
                try configuration.fixInput(sizes)
            } catch {
                throw NetworkError(network: name, layer: entries[index].name, reason: error.description)
            }
            entries[index].content = .layer(configuration)
        }
    }

    // MARK: Sequential

    private static func chain(
        _ layers: [JSONValue], of model: JSONValue, network: String, _ levels: Int
    ) throws(NetworkError) -> [Entry] {
        var entries: [Entry] = []
        for layer in layers {
            let (name, kerasClass, configuration) = try describe(layer, network: network)
            let content = try content(layer, kerasClass, configuration, levels)
            if entries.isEmpty, kerasClass != "InputLayer" {
                // The input's shape then stands with the first layer, or was noted when the model was built.
                let shape = configuration["batch_input_shape"] ?? model["build_input_shape"] ?? content.inputShape
                let input = ["batch_shape": shape ?? .null]
                entries.append(Entry(name: "input_layer", kerasClass: "InputLayer", content: .layer(input), calls: []))
            }
            let calls = entries.last.map { last in
                [Call(inputs: [Source(layer: last.name, call: 0, output: 0)], training: nil)]
            }
            entries.append(Entry(name: name, kerasClass: kerasClass, content: content, calls: calls ?? []))
        }
        return entries
    }

    // MARK: Functional

    private static func functionalEntry(
        _ layer: JSONValue, network: String, _ levels: Int
    ) throws(NetworkError) -> Entry {
        var layer = layer
        do throws(LayerError) {
            layer = try TensorFlowFunction.translated(layer) ?? layer
        } catch {
            throw NetworkError(network: network, layer: layer["name"]?.string, reason: error.description)
        }
        let (name, kerasClass, configuration) = try describe(layer, network: network)
        let content = try content(layer, kerasClass, configuration, levels)
        let isOperation = if case .operation = content { true } else { false }
        let takesNames = if case .model = content { configuration["input_layers"]?.object != nil } else { false }
        var calls: [Call] = []
        let nodes = layer["inbound_nodes"] ?? .null
        guard nodes == .null || nodes.array != nil else {
            throw NetworkError(network: network, layer: name, reason: "its inbound_nodes are no list of calls")
        }
        for call in nodes.array ?? [] {
            do throws(LayerError) {
                let given = try isOperation ? nil : KerasCall(call, of: kerasClass, takesNames: takesNames)
                if case .model = content, let argument = given?.arguments.keys.min() {
                    throw LayerError("a call has the argument \(argument), which is not supported")
                }
                var inputs: [Source] = []
                for tensor in given?.tensors ?? call.array ?? KerasArguments.tensors(in: call) {
                    inputs.append(try source(tensor))
                }
                calls.append(
                    Call(
                        inputs: inputs, training: given?.training, hasMaskTensor: given?.hasMaskTensor ?? false,
                        options: given?.arguments ?? [:], arguments: isOperation ? call : nil))
            } catch {
                throw NetworkError(network: network, layer: name, reason: error.description)
            }
        }
        return Entry(name: name, kerasClass: kerasClass, content: content, calls: calls)
    }

    private static func content(
        _ layer: JSONValue, _ kerasClass: String, _ configuration: [String: JSONValue], _ levels: Int
    ) throws(NetworkError) -> Content {
        switch kerasClass {
        case sequential, "Functional", "Model": .model(try KerasModel(layer, levels: levels + 1))
        default: KerasOperation.module(of: layer).map { .operation($0, configuration) } ?? .layer(configuration)
        }
    }

    /// `["conv2d", 0, 0]`: layer, call, output; Keras 2 adds the call's keyword arguments.
    private static func source(_ tensor: JSONValue) throws(LayerError) -> Source {
        guard let parts = tensor.array, parts.count >= 3, let name = parts[0].string, let call = parts[1].integer,
            let output = parts[2].integer
        else {
            throw LayerError("\((try? tensor.text()) ?? "?") is no output of a layer")
        }
        return Source(layer: name, call: call, output: output)
    }

    /// `["dense", 0, 0]`, a list of such lists, or an object of them, which has the order of its names.
    private static func sources(_ value: JSONValue?, network: String) throws(NetworkError) -> [Source] {
        guard let value else { return [] }
        let parts =
            value.array?.first?.string != nil
            ? [value] : value.array ?? value.object?.sorted { $0.key < $1.key }.map(\.value) ?? []
        do {
            return try parts.map { part throws(LayerError) in try source(part) }
        } catch {
            throw NetworkError(network: network, layer: nil, reason: error.description)
        }
    }

    private static func describe(
        _ layer: JSONValue, network: String
    ) throws(NetworkError) -> (name: String, kerasClass: String, configuration: [String: JSONValue]) {
        guard let kerasClass = layer["class_name"]?.string,
            let configuration = layer["config"]?.object ?? layer["config"]?.array.map({ ["layers": .array($0)] })
        else {
            throw NetworkError(network: network, layer: nil, reason: "a layer lacks class_name or config")
        }
        let name = layer["name"]?.string ?? configuration["name"]?.string ?? kerasClass.snakeCased
        return (name, KerasPackage.plainName(kerasClass), configuration)
    }
}

extension KerasModel.Content {
    /// Axes of an input's batches, 0 if they are open.
    fileprivate var inputAxes: Int {
        guard case .layer(let options) = self else { return 0 }
        return (options["batch_shape"] ?? options["batch_input_shape"])?.array?.count ?? 0
    }

    /// What a model says of its first input.
    fileprivate var inputShape: JSONValue? {
        guard case .model(let model) = self, let first = model.entries.first(where: \.isInput),
            case .layer(let configuration) = first.content
        else { return nil }
        return configuration["batch_shape"] ?? configuration["batch_input_shape"]
    }
}
