import Basics
import HDF5Storage
import KerasCalls
import KerasNetworks
import Models
import Optimization

/// The parts of a legacy Keras model file (`keras/src/legacy/saving/legacy_h5_format.py` of Keras 3.15) that this
/// program writes and, in its own checkpoints, reads back.
package enum KerasFile {
    static let backend = "tensorflow"

    // MARK: Writing

    package static func writeModel(_ network: Network, to root: Group, for reader: KerasReader = .keras3) throws {
        try root.attributes.set(KerasReader.versionName, reader.version)
        try root.attributes.set("backend", backend)
        try root.attributes.set("model_config", network.kerasModel(for: reader).text())
    }

    package static func writeTraining(
        _ optimizer: OptimizerState, loss: Loss, of network: Network, to root: Group, for reader: KerasReader = .keras3
    ) throws {
        let own: [String: JSONValue] = [
            "optimizer_config": [
                "class_name": .string(reader.optimizerClass(optimizer.kerasClass)),
                "config": .object(optimizer.configuration),
            ]
        ]
        let configuration = compilation(\.kerasConfiguration, loss, of: network).merging(own) { _, own in own }
        try root.attributes.set("training_config", JSONValue.object(configuration).text())
    }

    /// What `compile` is given besides the optimizer. `written` makes of a loss what the file has of it.
    static func compilation(
        _ written: (Loss) -> JSONValue, _ loss: Loss, of network: Network
    ) -> [String: JSONValue] {
        // Keras's accuracy takes the largest output, and of a single one that above a half.
        guard loss.heads.isEmpty else { return compilation(written, ofHeads: loss.heads) }
        let isAccurate = network.decision == .largest && !loss.function.isOfValues
        let weights = [1] + network.auxiliaryOutputs.map(\.weight)
        // One for each output, where there are several.
        let each = { (value: JSONValue) -> JSONValue in
            weights.count == 1 ? value : .array(weights.map { _ in value })
        }
        return [
            "loss": each(written(loss)),
            "loss_weights": weights.count == 1 ? nil : .array(weights.map { .number(Double("\($0)") ?? 0) }),
            "metrics": isAccurate ? each(["accuracy"]) : nil, "weighted_metrics": nil,
            "run_eagerly": false, "steps_per_execution": 1, "jit_compile": false,
        ]
    }

    /// The same for outputs with targets of their own.
    private static func compilation(_ written: (Loss) -> JSONValue, ofHeads heads: [Loss.Head]) -> [String: JSONValue] {
        [
            "loss": .array(heads.map { written($0.loss) }),
            "loss_weights": .array(heads.map { .number(Double("\($0.weight)") ?? 0) }),
            "metrics": .array(heads.map { $0.loss.function.isOfValues ? .array([]) : ["accuracy"] }),
            "weighted_metrics": nil, "run_eagerly": false, "steps_per_execution": 1, "jit_compile": false,
        ]
    }

    /// The content of `model_weights`; at a file's root it makes what `save_weights` of Keras 2 wrote.
    package static func writeWeights(_ weights: [[Float]], of network: Network, to group: Group) throws {
        try writeWeights(of: network, to: group) { weights[$0] }
    }

    /// `values` gives those of a parameter, by its index in the network, when they are written.
    package static func writeWeights(
        of network: Network, to group: Group, values: (Int) throws -> [Float]
    ) throws {
        let groups = network.kerasGroups
        try group.attributes.set("layer_names", groups.map(\.name))
        try group.attributes.set("backend", backend)
        try group.attributes.set(KerasReader.versionName, KerasReader.keras3.version)
        // In the order of the network's nodes.
        let byName = Dictionary(groups.map { ($0.name, $0.parameters) }) { first, _ in first }
        for layer in KerasGraph(network).layers {
            let paths = (byName[layer.name] ?? []).map { network.parameters[$0].path }
            try group.createGroup(layer.name).attributes.set("weight_names", paths)
        }
        let paths = weightPaths(network)
        for (index, parameter) in network.parameters.enumerated() {
            try group.write(paths[index], shape: parameter.specification.shape, values(index))
        }
        try group.createGroup(topLevel).attributes.set("weight_names", [String]())
    }

    private static let topLevel = "top_level_model_weights"

    /// `conv2d/conv2d/kernel`, by parameter; `base/base/conv2d/kernel` of a model inside the model.
    private static func weightPaths(_ network: Network) -> [String] {
        var paths = network.parameters.map(\.path)
        for (name, parameters) in network.kerasGroups {
            for parameter in parameters { paths[parameter] = "\(name)/\(paths[parameter])" }
        }
        return paths
    }

    /// `values` gives those of a slot when they are written, in the order of `Optimizer.slotPlaces`.
    package static func writeOptimizer(
        _ optimizer: OptimizerState, of network: Network, to group: Group, values: (SlotPlace) throws -> [Float]
    ) throws {
        let parameters = network.trainableParameters
        let names = optimizerPaths(optimizer, of: network)
        try group.attributes.set("weight_names", names)
        try group.write(names[0], shape: [], [Int64(optimizer.iteration)])
        try group.write(names[1], shape: [], [Float(optimizer.learningRate)])
        for (place, path) in zip(slotPlaces(optimizer, in: network), names.dropFirst(2)) {
            try group.write(path, shape: parameters[place.parameter].specification.shape, values(place))
        }
    }

    /// All of `optimizer_weights`: iteration, learning rate, slots.
    private static func optimizerPaths(_ optimizer: OptimizerState, of network: Network) -> [String] {
        let (name, parameters) = (optimizer.name, network.trainableParameters)
        return ["\(name)/iteration", "\(name)/learning_rate"]
            + slotPlaces(optimizer, in: network).map {
                slotPath(name, optimizer.slots[$0.slot].name, parameters[$0.parameter])
            }
    }

    static func slotPlaces(_ optimizer: OptimizerState, in network: Network) -> [SlotPlace] {
        let kind = OptimizerKind.all.first { $0.type.kerasClass == optimizer.kerasClass }
        return (kind?.type ?? SGD.self).slotPlaces(slots: optimizer.slots.count, in: network)
    }

    /// `adam/conv2d_kernel_momentum`
    private static func slotPath(_ optimizer: String, _ slot: String, _ parameter: NetworkParameter) -> String {
        let flat = String(parameter.path.map { $0 == "/" ? "_" : $0 })
        return "\(optimizer)/\(flat)_\(slot)"
    }

    // MARK: Reading

    package static func readModel(from root: Group, file: String) throws -> Network {
        try Network(kerasJSON: root.attributes.string("model_config"), label: file)
    }

    /// The weights of a checkpoint, whose group must hold those of the network and nothing else.
    package static func readWeights(of network: Network, from group: Group) throws -> [[Float]] {
        let keras = network.kerasGroups
        let layers = keras.map(\.name)
        // A name with a slash makes groups within groups.
        let groups = Set(layers.map { String($0.prefix { $0 != "/" }) } + [topLevel])
        try require(group, "groups", group.children(), areThoseOf: groups.sorted())
        try require(group, "layer_names", group.attributes.strings("layer_names"), areThoseOf: layers)
        let paths = weightPaths(network)
        try require(group, "data sets", group.datasets(levels: levels(paths)), areThoseOf: paths)
        for (name, parameters) in keras {
            let layer = try group.group(name)
            try require(
                layer, "weight_names", layer.attributes.strings("weight_names"),
                areThoseOf: parameters.map { network.parameters[$0].path })
        }
        return try zip(paths, network.parameters).map { path, parameter in
            try group.dataset(path).readFinite(parameter.specification.shape)
        }
    }

    /// The optimizer of a checkpoint, whose group must hold its state and nothing else. `learningRate` is the rate in full
    /// precision, which Keras has no place for.
    package static func readOptimizer(
        from root: Group, of network: Network, slots: [String], learningRate: Double
    ) throws -> OptimizerState {
        let text = try root.attributes.string("training_config")
        let description = (try? JSONValue(parsing: text))?["optimizer_config"] ?? .null
        let group = try root.group("optimizer_weights")
        let known = OptimizerKind.all.map { $0.type.kerasClass }
        guard let kerasClass = description["class_name"]?.string, known.contains(kerasClass),
            let configuration = description["config"]?.object
        else {
            throw HDF5Error(
                "read the optimizer", file: root.location.file, object: "/@training_config",
                detail: "its optimizer_config is none of \(known.listed("or"))")
        }
        var optimizer = OptimizerState(
            kerasClass: kerasClass,
            // JSON's reader takes 0.0 for the integer 0, which is none here.
            configuration: configuration.mapValues { value in
                if case .integer(let whole) = value { .number(Double(whole)) } else { value }
            },
            learningRate: learningRate, slots: slots.map { OptimizerState.Slot(name: $0, values: []) })
        guard Set(slots).count == slots.count else {
            throw HDF5Error(
                "read the optimizer", file: root.location.file, object: group.path, detail: "a slot is named twice")
        }
        try readOptimizerWeights(&optimizer, of: network, from: group)
        return optimizer
    }

    /// The updates made and the slots' values of an optimizer whose learning rate and slots are known.
    package static func readOptimizerWeights(
        _ optimizer: inout OptimizerState, of network: Network, from group: Group
    ) throws {
        let paths = optimizerPaths(optimizer, of: network)
        try require(group, "weight_names", group.attributes.strings("weight_names"), areThoseOf: paths)
        try require(group, "data sets", group.datasets(levels: levels(paths)), areThoseOf: paths)
        optimizer.iteration = try group.integer(paths[0], in: 0...Int(Int64.max))
        guard try group.dataset(paths[1]).readFinite([], as: Float.self) == [Float(optimizer.learningRate)] else {
            throw HDF5Error(
                "read the optimizer", file: group.location.file, object: "\(group.path)/\(paths[1])",
                detail: "it is not the learning rate \(optimizer.learningRate) of the group dptrain")
        }
        let parameters = network.trainableParameters
        for (slot, name) in optimizer.slots.map(\.name).enumerated() {
            optimizer.slots[slot].values = try parameters.map { parameter in
                try group.dataset(slotPath(optimizer.name, name, parameter))
                    .readFinite(parameter.specification.shape)
            }
        }
    }

    /// The groups that paths lead through, and one more, in which nothing should be.
    private static func levels(_ paths: [String]) -> Int {
        (paths.map { $0.split(separator: "/").count }.max() ?? 0) + 1
    }

    /// Refuses a group that holds more, less or something else than it should.
    private static func require(
        _ group: Group, _ what: String, _ found: [String], areThoseOf expected: [String]
    ) throws(HDF5Error) {
        let missing = Set(expected).subtracting(found).sorted()
        let foreign = Set(found).subtracting(expected).sorted()
        guard !missing.isEmpty || !foreign.isEmpty || found.count != expected.count else { return }
        let problem =
            missing.first.map { "\($0) of the model is missing" }
            ?? foreign.first.map { "the model has no \($0)" } ?? "a name stands there twice"
        throw HDF5Error(
            "read the \(what)", file: group.location.file, object: group.path,
            detail: "they are not the model's: \(problem)")
    }
}

extension Group {
    /// The paths of all data sets below, from here.
    fileprivate func datasets(levels: Int) throws(HDF5Error) -> [String] {
        let prefix = path == "/" ? path : path + "/"
        return try linkedDatasets(levels: levels).entries.map { String($0.path.dropFirst(prefix.count)) }
    }
}

extension OptimizerState {
    /// Keras's name of the object, which names its group.
    var name: String { configuration["name"]?.string ?? kerasClass.lowercased() }
}
