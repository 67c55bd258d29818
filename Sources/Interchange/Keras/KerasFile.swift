import HDF5Storage
import Models
import Basics
import Optimization

/// The parts of a legacy Keras model file (`keras/src/legacy/saving/legacy_h5_format.py` of Keras 3.15) that this
/// program writes and, in its own checkpoints, reads back.
package enum KerasFile {
    static let kerasVersion = "3.15.0"
    static let backend = "tensorflow"

    // MARK: Writing

    package static func writeModel(_ network: Network, to root: Group) throws {
        try root.attributes.set("keras_version", kerasVersion)
        try root.attributes.set("backend", backend)
        try root.attributes.set("model_config", network.kerasModel.text())
    }

    package static func writeTraining(
        _ optimizer: OptimizerState, loss: Loss, of network: Network, to root: Group
    ) throws {
        // Keras's accuracy takes the largest output, and of a single one that above a half.
        let isAccurate = network.decision == .largest && loss.function != .meanSquaredError
        let weights = [1] + network.auxiliaryOutputs.map(\.weight)
        // One for each output, where there are several.
        let each = { (value: JSONValue) -> JSONValue in
            weights.count == 1 ? value : .array(weights.map { _ in value })
        }
        let configuration: JSONValue = [
            "loss": each(loss.kerasConfiguration),
            "loss_weights": weights.count == 1 ? nil : .array(weights.map { .number(Double("\($0)") ?? 0) }),
            "metrics": isAccurate ? each(["accuracy"]) : nil, "weighted_metrics": nil,
            "run_eagerly": false, "steps_per_execution": 1, "jit_compile": false,
            "optimizer_config": [
                "class_name": .string(optimizer.kerasClass), "config": .object(optimizer.configuration),
            ],
        ]
        try root.attributes.set("training_config", configuration.text())
    }

    /// The content of `model_weights`; at a file's root it makes what `save_weights` of Keras 2 wrote.
    package static func writeWeights(_ weights: [[Float]], of network: Network, to group: Group) throws {
        try group.attributes.set("layer_names", network.kerasLayerOrder.map { network.nodes[$0].name })
        try group.attributes.set("backend", backend)
        try group.attributes.set("keras_version", kerasVersion)
        var names = [[String]](repeating: [], count: network.nodes.count)
        for parameter in network.parameters { names[parameter.node].append(parameter.path) }
        for (node, paths) in zip(network.nodes, names) {
            try group.createGroup(node.name).attributes.set("weight_names", paths)
        }
        for (parameter, values) in zip(network.parameters, weights) {
            let name = "\(network.nodes[parameter.node].name)/\(parameter.path)"
            try group.write(name, shape: parameter.specification.shape, values)
        }
        try group.createGroup("top_level_model_weights").attributes.set("weight_names", [String]())
    }

    package static func writeOptimizer(_ optimizer: OptimizerState, of network: Network, to group: Group) throws {
        let name = optimizer.name
        let parameters = network.trainableParameters
        let order = slotOrder(optimizer, parameters: parameterOrder(parameters, of: network))
        let slotNames = order.map { slotPath(name, optimizer.slots[$0.slot].name, parameters[$0.parameter]) }
        let names = ["\(name)/iteration", "\(name)/learning_rate"] + slotNames
        try group.attributes.set("weight_names", names)
        try group.write(names[0], shape: [], [Int64(optimizer.iteration)])
        try group.write(names[1], shape: [], [Float(optimizer.learningRate)])
        for (place, path) in zip(order, slotNames) {
            let values = optimizer.slots[place.slot].values[place.parameter]
            try group.write(path, shape: parameters[place.parameter].specification.shape, values)
        }
    }

    /// The order of slots is that of the class; see `KerasSlotOrder`.
    private static func slotOrder(
        _ optimizer: OptimizerState, parameters: [Int]
    ) -> [(slot: Int, parameter: Int)] {
        let kind = OptimizerKind.all.first { $0.type.kerasClass == optimizer.kerasClass }
        return switch kind?.type.kerasSlotOrder ?? .bySlot {
        case .byParameter: parameters.flatMap { parameter in optimizer.slots.indices.map { ($0, parameter) } }
        case .bySlot: optimizer.slots.indices.flatMap { slot in parameters.map { (slot, $0) } }
        }
    }

    /// The indices of `parameters` in Keras's order of layers.
    private static func parameterOrder(_ parameters: [NetworkParameter], of network: Network) -> [Int] {
        let byNode = Dictionary(grouping: parameters.indices) { parameters[$0].node }
        return network.kerasLayerOrder.flatMap { byNode[$0] ?? [] }
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

    package static func readWeights(of network: Network, from group: Group) throws -> [[Float]] {
        var weights: [[Float]] = []
        for parameter in network.parameters {
            let name = "\(network.nodes[parameter.node].name)/\(parameter.path)"
            weights.append(try read(name, shape: parameter.specification.shape, from: group))
        }
        return weights
    }

    package static func readOptimizer(
        from root: Group, parameters: [NetworkParameter], slots: [String], learningRate: Double
    ) throws -> OptimizerState {
        let training = try JSONValue(parsing: root.attributes.string("training_config"))
        let description = training["optimizer_config"] ?? .null
        var optimizer = OptimizerState(
            kerasClass: description["class_name"]?.string ?? "",
            // JSON's reader takes 0.0 for the integer 0, which is none here.
            configuration: (description["config"]?.object ?? [:]).mapValues { value in
                if case .integer(let whole) = value { .number(Double(whole)) } else { value }
            },
            learningRate: learningRate)
        let group = try root.group("optimizer_weights")
        let iteration = try group.dataset("\(optimizer.name)/iteration").read(as: Int64.self)
        optimizer.iteration = Int(iteration.first ?? 0)
        for slot in slots {
            var values: [[Float]] = []
            for parameter in parameters {
                let path = slotPath(optimizer.name, slot, parameter)
                values.append(try read(path, shape: parameter.specification.shape, from: group))
            }
            optimizer.slots.append(OptimizerState.Slot(name: slot, values: values))
        }
        return optimizer
    }

    private static func read(_ name: String, shape: Shape, from group: Group) throws -> [Float] {
        let dataset = try group.dataset(name)
        guard dataset.shape == shape else {
            throw HDF5Error(
                "read the weights", file: group.location.file, object: dataset.path,
                detail: "its shape is \(dataset.shape), but the model's is \(shape)")
        }
        return try dataset.read()
    }
}

extension OptimizerState {
    /// Keras's name of the object, which names its group.
    fileprivate var name: String { configuration["name"]?.string ?? kerasClass.lowercased() }
}
