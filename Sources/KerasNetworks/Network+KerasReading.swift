import Basics
import Models

extension Network {
    /// Reads `model.to_json()` or the `model_config` of an .h5 file; `label` names the source in errors.
    public init(kerasJSON text: String, label: String) throws(NetworkError) {
        let model: JSONValue
        do {
            model = try JSONValue(parsing: text)
        } catch {
            throw NetworkError(
                network: label, layer: nil, reason: "it is not JSON; give the output of Keras's model.to_json()")
        }
        try self.init(kerasModel: model)
    }

    /// Reads a Keras 2 or 3 model of class `Sequential` or `Functional`. What this program does not have is refused, by
    /// layer and option.
    public init(kerasModel: JSONValue) throws(NetworkError) { try self.init(KerasModel(kerasModel)) }

    package init(_ model: KerasModel) throws(NetworkError) {
        var nodes: [Node] = []
        var shapes: [Shape] = []
        var positions: [String: Int] = [:]
        for entry in try model.orderedEntries() {
            let inputs = entry.inputs.compactMap { positions[$0] }
            do {
                var (layer, origin) = try Layer.reading(entry, inputs: inputs.map { shapes[$0] })
                if model.isSequential, inputs.isEmpty {
                    origin = LayerOrigin(typeName: KerasModel.sequential, options: [:])
                }
                shapes.append(try layer.description.possibleOutputShape(of: inputs.map { shapes[$0] }))
                nodes.append(
                    Node(
                        name: entry.name, layer: layer, inputs: inputs, isTrainable: entry.isTrainable, origin: origin))
            } catch {
                throw NetworkError(network: model.name, layer: entry.name, reason: error.description)
            }
            positions[entry.name] = nodes.count - 1
        }
        var auxiliaryOutputs: [AuxiliaryOutput] = []
        for (name, weight) in model.auxiliaryOutputs {
            guard let node = positions[name] else {
                throw NetworkError(
                    network: model.name, layer: name, reason: "the auxiliary output is not among the layers")
            }
            auxiliaryOutputs.append(AuxiliaryOutput(node: node, weight: weight))
        }
        try self.init(name: model.name, nodes: nodes, auxiliaryOutputs: auxiliaryOutputs)
    }
}

extension KerasModel {
    /// Input first, output last, and every layer after those it reads; otherwise in the file's order.
    fileprivate func orderedEntries() throws(NetworkError) -> [Entry] {
        let inputs = entries.filter { $0.kerasClass == "InputLayer" }
        guard inputs.count == 1 else {
            throw NetworkError(
                network: name, layer: nil, reason: "it has \(inputs.count) inputs; exactly one is supported")
        }
        if let reader = entries.first(where: { $0.inputs.contains(output) }) {
            throw NetworkError(
                network: name, layer: output, reason: "it is the output, yet \(reader.name) reads it: not supported")
        }
        var waiting = entries.filter { $0.kerasClass != "InputLayer" && $0.name != output }
        waiting += entries.filter { $0.name == output && $0.kerasClass != "InputLayer" }
        var ordered = inputs
        var placed = Set(inputs.map(\.name))
        while !waiting.isEmpty {
            let next = waiting.firstIndex { !$0.inputs.isEmpty && placed.isSuperset(of: $0.inputs) }
            guard let next else {
                throw NetworkError(
                    network: name, layer: waiting[0].name, reason: "it reads a layer that does not come before it")
            }
            placed.insert(waiting[next].name)
            ordered.append(waiting.remove(at: next))
        }
        guard ordered[ordered.count - 1].name == output else {
            throw NetworkError(network: name, layer: output, reason: "the output is not among the layers")
        }
        return ordered
    }
}

extension Layer {
    /// Reads the options that all classes share, then those of the class.
    fileprivate static func reading(
        _ entry: KerasModel.Entry, inputs: [Shape]
    ) throws(LayerError) -> (layer: Layer, origin: LayerOrigin?) {
        if entry.kerasClass == "InputLayer" { return (.input(try Input(keras: entry.configuration)), nil) }
        var configuration = entry.configuration
        let dtype = configuration.removeValue(forKey: "dtype") ?? "float32"
        let policy = dtype.string ?? dtype["config"]?["name"]?.string
        guard policy == "float32" || dtype == .null else {
            throw LayerError("its option dtype = \(policy ?? "?") is not supported: save the model in float32")
        }
        var options = KerasOptions(kerasClass: entry.kerasClass, configuration: configuration, inputs: inputs)
        options.ignore("name", "batch_input_shape", "trainable")
        let layer = try Layer(keras: &options)
        try options.finish()
        return (layer, options.origin)
    }
}
