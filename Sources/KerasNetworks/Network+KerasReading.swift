import Basics
import KerasCalls
import Models

extension JSONValue {
    /// Parses `model.to_json()`; `label` names the source in errors.
    package init(kerasModel text: String, label: String) throws(NetworkError) {
        do {
            try self.init(parsing: text)
        } catch {
            throw NetworkError(
                network: label, layer: nil,
                reason: "what it says of the model is not JSON; Keras writes it with model.to_json()")
        }
        if let member = Self.repeatedMember(of: text) {
            throw NetworkError(
                network: label, layer: nil,
                reason:
                    "its JSON says \(member) twice in one place, and which of them counts is not known; leave one out")
        }
    }
}

extension Network {
    /// Reads `model.to_json()` or the `model_config` of an .h5 file; `label` names the source in errors.
    public init(kerasJSON text: String, label: String) throws(NetworkError) {
        try self.init(kerasModel: JSONValue(kerasModel: text, label: label))
    }

    /// Reads a Keras 2 or 3 model of class `Sequential` or `Functional`. What this program does not have is refused, by
    /// layer and option.
    public init(kerasModel: JSONValue) throws(NetworkError) { try self.init(KerasModel(kerasModel)) }

    package init(_ model: KerasModel) throws(NetworkError) {
        var reader = NodeReader(network: model.name)
        let outputs = try reader.read(model, .outermost, inputs: [])
        guard outputs[0] == reader.nodes.count - 1 else {
            throw NetworkError(
                network: model.name, layer: reader.nodes[outputs[0]].name,
                reason: "it is the output, yet other layers come after it: not supported")
        }
        // Outputs of different shapes cannot learn the same.
        let haveTargets = model.hasHeads || Set(outputs.map { reader.shapes[$0] }).count > 1
        let weights = haveTargets ? outputs.dropFirst().map { _ in 1 } : try model.auxiliaryWeights()
        try self.init(
            name: model.name, nodes: reader.nodes,
            auxiliaryOutputs: zip(outputs.dropFirst(), weights).map {
                AuxiliaryOutput(node: $0, weight: $1, isHead: haveTargets)
            })
    }
}

/// Makes nodes of a model's calls, and of those of the models inside it.
private struct NodeReader {
    /// Of the outermost model.
    let network: String
    private(set) var nodes: [Node] = []
    private(set) var shapes: [Shape] = []

    init(network: String) { self.network = network }

    /// Where the layers of a model stand.
    struct Place {
        var models: [LayerCall.Model]
        var isInference: Bool
        var isTrainable: Bool

        static let outermost = Place(models: [], isInference: false, isTrainable: true)

        /// As errors name a layer.
        func path(_ layer: String) -> String { (models.map(\.name) + [layer]).joined(separator: "/") }
    }

    /// Reads one call of a model: `inputs` are the nodes that it is given. Returns the nodes that are its outputs.
    mutating func read(_ model: KerasModel, _ place: Place, inputs: [Int]) throws(NetworkError) -> [Int] {
        var results: [KerasModel.Source: Int] = [:]
        let resultsThatAreRead = model.resultsThatAreRead()
        for (entry, number) in try model.orderedCalls(network, place) {
            let path = place.path(entry.name)
            try requireRoom(path)
            if entry.isInput {
                let source = try input(entry, of: model, place, given: inputs)
                results[KerasModel.Source(layer: entry.name, call: 0, output: 0)] = source
                continue
            }
            let call = entry.calls[number]
            var sources: [Int] = []
            for input in call.inputs {
                guard let source = results[input] else {
                    throw NetworkError(
                        network: network, layer: path,
                        reason: "it reads output \(input.output) of \(input.layer), which has no such output")
                }
                sources.append(source)
            }
            let isInference = place.isInference || call.training == false
            switch entry.content {
            case .model(let inner):
                guard call.training != true else {
                    throw NetworkError(network: network, layer: path, reason: Self.refusedTraining.description)
                }
                let isTrainable = place.isTrainable && inner.isTrainable
                let models = place.models + [LayerCall.Model(name: entry.name, number: number)]
                let outputs = try read(
                    inner, Place(models: models, isInference: isInference, isTrainable: isTrainable), inputs: sources)
                for (output, node) in outputs.enumerated() {
                    results[KerasModel.Source(layer: entry.name, call: number, output: output)] = node
                }
            case .operation(_, let configuration) where entry.kerasClass == KerasOperation.split:
                var parts =
                    resultsThatAreRead[KerasModel.Source(layer: entry.name, call: number, output: 0)]?.sorted() ?? []
                // A network's last node is its first output.
                if place.models.isEmpty, let first = model.outputs.first, first.layer == entry.name,
                    first.call == number
                {
                    parts = parts.filter { $0 != first.output } + [first.output]
                }
                for output in parts {
                    try requireRoom(path)
                    let name = "\(entry.name)_part\(output)"
                    let node = try reading(place.path(name)) { shapes throws(LayerError) in
                        let (layer, origin) = try Layer.reading(
                            part: output, configuration, call.arguments ?? .null, inputs: sources.map { shapes[$0] })
                        guard !place.models.isEmpty || isInference else {
                            return Node(name: name, layer: layer, inputs: sources, origin: origin)
                        }
                        let call = LayerCall(
                            models: place.models, layer: name, number: number, isInference: isInference)
                        return Node(call, layer: layer, inputs: sources, origin: origin)
                    }
                    results[KerasModel.Source(layer: entry.name, call: number, output: output)] = node
                }
            case .layer(let configuration), .operation(_, let configuration):
                let module = if case .operation(let module, _) = entry.content { module } else { String?.none }
                let (given, training) = (call, call.training)
                let isUsual = place.models.isEmpty && entry.calls.count == 1 && !isInference
                let call = LayerCall(
                    models: place.models, layer: entry.name, number: number, isInference: isInference)
                let node = try reading(path) { shapes throws(LayerError) in
                    let isTrainable = place.isTrainable && configuration["trainable"] != .bool(false)
                    let inputs = sources.map { shapes[$0] }
                    let (layer, origin) =
                        if let module {
                            try Layer.reading(
                                operation: entry.kerasClass, module, configuration, given.arguments ?? .null,
                                inputs: inputs)
                        } else {
                            try Layer.reading(entry.kerasClass, configuration, given, inputs: inputs)
                        }
                    guard training != true || !layer.isOtherInTraining else { throw Self.refusedTraining }
                    return isUsual
                        ? Node(
                            name: entry.name, layer: layer, inputs: sources, isTrainable: isTrainable, origin: origin)
                        : Node(call, layer: layer, inputs: sources, isTrainable: isTrainable, origin: origin)
                }
                results[KerasModel.Source(layer: entry.name, call: number, output: 0)] = node
            }
        }
        var outputs: [Int] = []
        for output in model.outputs {
            guard let node = results[output] else {
                throw NetworkError(
                    network: network, layer: place.path(output.layer), reason: "the output is not among the layers")
            }
            outputs.append(node)
        }
        return outputs
    }

    private func requireRoom(_ path: String) throws(NetworkError) {
        guard nodes.count < KerasModel.mostLayers else {
            throw NetworkError(
                network: network, layer: path,
                reason: "with all calls of models there are more than \(KerasModel.mostLayers) layers")
        }
    }

    /// The network's own input, or what a model inside it is given in its place.
    private mutating func input(
        _ entry: KerasModel.Entry, of model: KerasModel, _ place: Place, given: [Int]
    ) throws(NetworkError) -> Int {
        guard case .layer(let configuration) = entry.content else { return 0 }
        let origin = model.isSequential ? LayerOrigin(typeName: KerasModel.sequential, options: [:]) : nil
        if place.models.isEmpty {
            return try reading(entry.name) { _ throws(LayerError) in
                Node(name: entry.name, layer: .input(try Input(keras: configuration)), inputs: [], origin: origin)
            }
        }
        let number = model.inputs.firstIndex(of: entry.name) ?? given.count
        guard given.count == model.inputs.count, number < given.count else {
            throw NetworkError(
                network: network, layer: place.models.map(\.name).joined(separator: "/"),
                reason: "it is given \(given.count) inputs, and takes \(model.inputs.count)")
        }
        let models = place.models.map(\.name)
        // One input of the model has one number of axes.
        let earlier = nodes.indices.first { index in
            guard case .input = nodes[index].layer, let call = nodes[index].call else { return false }
            return call.layer == entry.name && call.models.map(\.name) == models
        }
        if let earlier, shapes[earlier].rank != shapes[given[number]].rank {
            throw NetworkError(
                network: network, layer: place.path(entry.name),
                reason: "it is given \(shapes[earlier]) in one call, and \(shapes[given[number]]) in another")
        }
        return try reading(place.path(entry.name)) { shapes throws(LayerError) in
            let call = LayerCall(models: place.models, layer: entry.name, isInference: place.isInference)
            return Node(
                call, layer: .input(Input(shape: shapes[given[number]])), inputs: [given[number]], origin: origin)
        }
    }

    /// Adds the node that `make` gives for the shapes there are.
    private mutating func reading(
        _ path: String, _ make: ([Shape]) throws(LayerError) -> Node
    ) throws(NetworkError) -> Int {
        do {
            let node = try make(shapes)
            let inputs = node.inputs.map { shapes[$0] }
            shapes.append(try node.layer.description.possibleOutputShape(of: inputs))
            nodes.append(node)
            return nodes.count - 1
        } catch {
            throw NetworkError(network: network, layer: path, reason: error.description)
        }
    }

    /// Statistics of samples that are predicted, or dropout there, do not exist here.
    private static let refusedTraining = LayerError("it is called with training = true, which is not supported")
}

extension Layer {
    /// Whether training computes something else than evaluation.
    fileprivate var isOtherInTraining: Bool {
        if case .batchNormalization = self { return true }
        return inferring != self
    }
}

extension KerasModel {
    /// Inputs first, those of the outermost model as a call gives them; the first output last, and every call after those it reads; otherwise in the file's order.
    fileprivate func orderedCalls(
        _ network: String, _ place: NodeReader.Place
    ) throws(NetworkError) -> [(entry: Entry, number: Int)] {
        guard let output = outputs.first else {
            throw NetworkError(network: network, layer: place.models.last?.name, reason: "it has no output")
        }
        let isOutput = { (entry: Entry, number: Int) in entry.name == output.layer && number == output.call }
        let calls = entries.filter { !$0.isInput }.flatMap { entry in entry.calls.indices.map { (entry, $0) } }
        var entrances = entries.filter(\.isInput)
        if place.models.isEmpty {
            let places = Dictionary(inputs.enumerated().map { ($1, $0) }) { first, _ in first }
            entrances.sort { places[$0.name] ?? inputs.count < places[$1.name] ?? inputs.count }
        }
        let order = CallOrder(
            entrances.map { ($0, 0) }, calls.filter { !isOutput($0, $1) } + calls.filter { isOutput($0, $1) })
        if let obstacle = order.obstacle {
            throw NetworkError(network: network, layer: place.path(obstacle.layer), reason: obstacle.reason)
        }
        if place.models.isEmpty, let reader = entries.first(where: { $0.calls.contains { $0.inputs.contains(output) } })
        {
            throw NetworkError(
                network: network, layer: output.layer,
                reason: "it is the output, yet \(reader.name) reads it: not supported")
        }
        return order.calls
    }
}

extension Layer {
    /// Reads an operation, which goes home as it came.
    fileprivate static func reading(
        operation kerasClass: String, _ module: String, _ configuration: [String: JSONValue], _ arguments: JSONValue,
        inputs: [Shape]
    ) throws(LayerError) -> (layer: Layer, origin: LayerOrigin?) {
        var operation = KerasOperation(kerasClass, configuration, arguments, inputs: inputs)
        let layer = try operation.layer()
        // As they are written: files do not always say the shapes of tensors, or leave them open.
        var tensors = zip(KerasArguments.tensors(in: arguments), inputs)
            .map { KerasArguments.tensor($0, shape: $1.extents) }[...]
        var arguments = KerasArguments.replacing(arguments, by: &tensors)
        if kerasClass == "GetItem" {
            arguments = KerasArguments.withoutEllipsis(arguments, count: (inputs.first?.rank ?? 0) + 1)
        }
        return (
            layer,
            LayerOrigin(
                typeName: kerasClass, options: KerasOperation.options(configuration, of: kerasClass),
                operation: LayerOrigin.Operation(module: module, arguments: arguments))
        )
    }

    /// Reads one of the parts that `ops.split` makes. It goes home as the slice that it is.
    fileprivate static func reading(
        part: Int, _ configuration: [String: JSONValue], _ arguments: JSONValue, inputs: [Shape]
    ) throws(LayerError) -> (layer: Layer, origin: LayerOrigin?) {
        var operation = KerasOperation(KerasOperation.split, configuration, arguments, inputs: inputs)
        let (slice, key) = try operation.part(part)
        let tensors = zip(KerasArguments.tensors(in: arguments), inputs)
            .map { KerasArguments.tensor($0, shape: $1.extents) }
        let call: JSONValue = ["args": .array(tensors + [key]), "kwargs": [:]]
        return (
            .plain(slice),
            LayerOrigin(
                typeName: "GetItem", options: [:],
                operation: LayerOrigin.Operation(module: "keras.src.ops.numpy", arguments: call))
        )
    }

    /// Reads the options that all classes share, then those of the class, among which are those of the call.
    fileprivate static func reading(
        _ kerasClass: String, _ configuration: [String: JSONValue], _ call: KerasModel.Call, inputs: [Shape]
    ) throws(LayerError) -> (layer: Layer, origin: LayerOrigin?) {
        var configuration = configuration
        let dtype = configuration.removeValue(forKey: "dtype") ?? "float32"
        let policy = dtype.string ?? dtype["config"]?["name"]?.string
        guard policy == "float32" || dtype == .null else {
            throw LayerError("its option dtype = \(policy ?? "?") is not supported: save the model in float32")
        }
        if let name = call.options.keys.first(where: { configuration[$0] != nil }) {
            throw LayerError("a call has the argument \(name), which is not supported")
        }
        var options = KerasOptions(kerasClass: kerasClass, configuration: configuration, inputs: inputs)
        options.ignore("name", "batch_input_shape", "trainable")
        options.add(call)
        let layer = try Layer(keras: &options)
        try options.finish()
        _ = try layer.description.possibleOutputShape(of: inputs)
        return (layer, options.origin(of: layer.keras, layer.description.parameters(for: inputs)))
    }
}
