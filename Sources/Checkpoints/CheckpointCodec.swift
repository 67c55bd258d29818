import Basics
import HDF5Storage
import Interchange
import Models

/// `RunState` to bytes and back: a legacy Keras model file (`keras.models.load_model` opens it) with one more group,
/// `dptrain`, which Keras ignores, and a digest after HDF5's end. Equal states give equal bytes.
///
///     /                    attributes keras_version, backend, model_config, training_config
///     /model_weights       Keras's weights, a group a layer
///     /optimizer_weights   Keras's optimizer: iteration, learning_rate, slots
///     /dptrain             attributes format, version, loss, ...
///         position/        epoch, step, global_step
///         history/         a data set a metric, one value an epoch, NaN where it was not measured
///         epoch_sums/      a scalar a metric
///         coordinator, options, execution, optimizer, classes: groups with attributes
///         weights/         groups of weights as above: training, the weights that are trained, in runs whose model has their
///                          average; slow, Lookahead's slow weights
///         epoch_start/     in runs that may go back there: weights and slots as above, and a learning rate
public enum CheckpointCodec {
    static let format = "dptrain-checkpoint"
    static let version = 1

    /// The checkpoint's bytes, digest included.
    public static func encode(_ state: RunState) throws(FileError) -> [UInt8] {
        precondition(state.weights.count == state.network.parameters.count, "an array for every parameter")
        return try compose(state, tensors: state, epochStart: state.epochStart).sealed().bytes
    }

    /// The checkpoint in memory, without its digest. The weights and slots are those of `tensors`, and of `epochStart` in a
    /// state that has one; the state's own are not looked at. A state with a value that is not finite is none to go on from, and is refused.
    package static func compose(
        _ state: RunState, tensors: some CheckpointTensors, epochStart: (any CheckpointTensors)? = nil
    ) throws(FileError) -> FileImage {
        let file = "checkpoint"
        do {
            try state.requireFinite()
            // What could not be read back is not written.
            try state.requireConsistent(file)
            let hdf5 = try HDF5File.createInMemory(label: file)
            try KerasFile.writeModel(state.network, to: hdf5.root)
            try KerasFile.writeTraining(state.optimizer, loss: state.loss, of: state.network, to: hdf5.root)
            try write(tensors, state.network, state.optimizer, to: hdf5.root)
            let group = try hdf5.root.createGroup("dptrain")
            try DptrainGroup.write(state, to: group)
            for set in RunState.WeightSet.allCases where state.otherWeights[set] != nil {
                try KerasFile.writeWeights(
                    of: state.network, to: group.createGroup("weights/\(set.rawValue)")
                ) { index in
                    try finite(
                        tensors.weight(index, of: set), "\(state.network.parameters[index].path), \(set.rawValue)")
                }
            }
            if let start = state.epochStart, let epochStart {
                let place = try group.createGroup("epoch_start")
                try place.attributes.set("learning_rate", start.learningRate)
                try write(epochStart, state.network, state.optimizerAtEpochStart(start), to: place)
            }
            return try FileImage(hdf5)
        } catch let error as FileError {
            throw error
        } catch let error as HDF5Error {
            throw FileError(.write, file: file, "\(error)")
        } catch {
            throw FileError(.write, file: file, "cannot compose it: \(error)")
        }
    }

    /// The groups of weights and of the optimizer.
    private static func write(
        _ tensors: any CheckpointTensors, _ network: Network, _ optimizer: OptimizerState, to group: Group
    ) throws {
        try KerasFile.writeWeights(of: network, to: group.createGroup("model_weights")) { index in
            try finite(tensors.weight(index), network.parameters[index].path)
        }
        let trainable = network.trainableParameters
        try KerasFile.writeOptimizer(optimizer, of: network, to: group.createGroup("optimizer_weights")) { place in
            try finite(
                tensors.slot(place.slot, of: place.parameter),
                "\(trainable[place.parameter].path) (\(optimizer.slots[place.slot].name))")
        }
    }

    private static func readOtherWeights(
        of network: Network, from group: Group
    ) throws -> [RunState.WeightSet: [[Float]]] {
        var sets: [RunState.WeightSet: [[Float]]] = [:]
        for name in try group.children() {
            guard let set = RunState.WeightSet(rawValue: name) else {
                throw HDF5Error(
                    "read the weights", file: group.location.file, object: "\(group.path)/\(name)",
                    detail: "no such weights are known")
            }
            sets[set] = try KerasFile.readWeights(of: network, from: group.group(name))
        }
        return sets
    }

    private static func readEpochStart(_ state: RunState, from group: Group) throws -> RunState.EpochStart? {
        guard try group.children().contains("epoch_start") else { return nil }
        let place = try group.group("epoch_start")
        let rate = try place.attributes.double("learning_rate", in: rates)
        let weights = try KerasFile.readWeights(of: state.network, from: place.group("model_weights"))
        var start = RunState.EpochStart(weights: weights, slots: state.optimizer.slots, learningRate: rate)
        var optimizer = state.optimizerAtEpochStart(start)
        let iteration = optimizer.iteration
        try KerasFile.readOptimizerWeights(&optimizer, of: state.network, from: place.group("optimizer_weights"))
        guard optimizer.iteration == iteration else {
            throw HDF5Error(
                "read the start of the epoch", file: group.location.file, object: place.path,
                detail: "its optimizer made \(optimizer.iteration) updates in \(iteration) steps")
        }
        start.slots = optimizer.slots
        return start
    }

    private static let rates = 0...Double(Float.greatestFiniteMagnitude)

    private static func finite(_ values: [Float], _ name: String) throws(FileError) -> [Float] {
        guard values.allSatisfy(\.isFinite) else { throw .notFinite(name) }
        return values
    }

    /// The state in a checkpoint's bytes; `file` names them in errors. Damaged bytes are never decoded, and everything that
    /// they hold is checked: presence, type, shape, range. No value is NaN or infinite, apart from a metric of the
    /// history that was not measured.
    public static func decode(_ bytes: consuming [UInt8], file: String) throws(FileError) -> RunState {
        let payload = try FileSeal.open(bytes, file: file)
        do {
            let root = try HDF5File.open(image: payload, label: file).root
            let group = try root.group("dptrain")
            try checkFormat(of: group, file: file)
            let network = try KerasFile.readModel(from: root, file: file)
            let weights = try KerasFile.readWeights(of: network, from: root.group("model_weights"))
            let optimizer = try KerasFile.readOptimizer(
                from: root, of: network, slots: group.group("optimizer").attributes.strings("slots"),
                learningRate: group.group("optimizer").attributes.double("learning_rate", in: rates))
            var state = RunState(
                network: network, loss: try DptrainGroup.loss(in: group, of: network, file: file), weights: weights,
                optimizer: optimizer)
            try DptrainGroup.read(&state, from: group)
            if try group.children().contains("weights") {
                state.otherWeights = try readOtherWeights(of: network, from: group.group("weights"))
            }
            state.epochStart = try readEpochStart(state, from: group)
            try state.requireConsistent(file)
            return state
        } catch let error as FileError {
            throw error
        } catch let error as HDF5Error {
            throw FileError(.content, file: file, "\(error)")
        } catch {
            throw FileError(.content, file: file, "\(error)")
        }
    }

    private static func checkFormat(of group: Group, file: String) throws {
        let found = try group.attributes.int("version", in: 1...Int(Int32.max))
        guard try group.attributes.string("format") == format else {
            throw FileError(.content, file: file, "its group dptrain is not of the format \(format)")
        }
        guard found <= version else {
            throw FileError(
                .version, file: file, "it is of format version \(found); this program reads up to \(version)",
                remedy: "use the newer dptrain that wrote it")
        }
    }
}

extension RunState {
    /// The optimizer as it was when the epoch began, without the values of its slots.
    fileprivate func optimizerAtEpochStart(_ start: EpochStart) -> OptimizerState {
        var optimizer = optimizer
        optimizer.learningRate = start.learningRate
        optimizer.iteration -= position.step
        return optimizer
    }
}
