import HDF5Storage
import Models
import Basics
import Interchange

/// The group `dptrain` of a checkpoint: what a run needs and Keras has no place for.
enum DptrainGroup {
    static func write(_ state: RunState, to group: Group) throws(HDF5Error) {
        let attributes = group.attributes
        try attributes.set("format", CheckpointCodec.format)
        try attributes.set("version", CheckpointCodec.version)
        try attributes.set("loss", state.loss.function.rawValue)
        try attributes.set("label_smoothing", Double(state.loss.labelSmoothing))
        try attributes.set("from_logits", state.loss.isFromLogits ? 1 : 0)
        try attributes.set("data_fingerprint", state.dataFingerprint)
        try attributes.set("normalization", state.normalization)

        let position = try group.createGroup("position")
        try position.write("epoch", shape: [], [Int64(state.position.epoch)])
        try position.write("step", shape: [], [Int64(state.position.step)])
        try position.write("global_step", shape: [], [Int64(state.position.globalStep)])

        let optimizer = try group.createGroup("optimizer").attributes
        try optimizer.set("learning_rate", state.optimizer.learningRate)
        try optimizer.set("slots", state.optimizer.slots.map(\.name))

        try group.createGroup("coordinator").attributes.set("state", state.coordinator)
        try group.createGroup("classes").attributes.set("names", state.classNames)
        try write(state.options, to: group.createGroup("options"))
        try write(state.execution, to: group.createGroup("execution"))

        let sums = try group.createGroup("epoch_sums")
        for (name, value) in state.epochSums.sorted(by: { $0.key < $1.key }) {
            try sums.write(name, shape: [], [value])
        }
        let history = try group.createGroup("history")
        try history.attributes.set("epochs", state.history.count)
        // What was not measured is absent or NaN in the state; in the file it is one and the same NaN.
        let measured = state.history.map { record in record.filter { !$0.value.isNaN } }
        for name in Set(measured.flatMap(\.keys)).sorted() {
            let values = measured.map { $0[name] ?? .nan }
            try history.write(name, shape: [values.count], values)
        }
    }

    static func loss(in group: Group, of network: Network, file: String) throws -> Loss {
        let name = try group.attributes.string("loss")
        guard let function = Loss.Function(rawValue: name) else {
            throw FileError(
                .content, file: file, "its loss \(name) is unknown", remedy: "use the newer dptrain that wrote it")
        }
        // Files from before losses had options lack them.
        guard try group.attributes.exists("from_logits") else { return network.loss(function) }
        return Loss(
            function, labelSmoothing: Float(try group.attributes.double("label_smoothing")),
            isFromLogits: try group.attributes.int("from_logits") != 0)
    }

    static func read(_ state: inout RunState, from group: Group) throws(HDF5Error) {
        state.dataFingerprint = try group.attributes.string("data_fingerprint")
        state.normalization = try group.attributes.string("normalization")
        let position = try group.group("position")
        state.position = RunState.Position(
            epoch: try integer("epoch", in: position), step: try integer("step", in: position),
            globalStep: try integer("global_step", in: position))
        state.coordinator = try group.group("coordinator").attributes.string("state")
        state.classNames = try group.group("classes").attributes.strings("names")
        state.options = try texts(in: group.group("options"))
        state.execution = try texts(in: group.group("execution"))

        let sums = try group.group("epoch_sums")
        for name in try sums.children() {
            state.epochSums[name] = try sums.dataset(name).read(as: Double.self).first
        }
        let history = try group.group("history")
        state.history = [[String: Double]](repeating: [:], count: try history.attributes.int("epochs"))
        for name in try history.children() {
            let values = try history.dataset(name).read(as: Double.self)
            for (epoch, value) in values.enumerated() where !value.isNaN && epoch < state.history.count {
                state.history[epoch][name] = value
            }
        }
    }

    private static func write(_ texts: [String: String], to group: Group) throws(HDF5Error) {
        for (name, value) in texts.sorted(by: { $0.key < $1.key }) { try group.attributes.set(name, value) }
    }

    private static func texts(in group: Group) throws(HDF5Error) -> [String: String] {
        var texts: [String: String] = [:]
        for name in try group.attributes.names() { texts[name] = try group.attributes.string(name) }
        return texts
    }

    private static func integer(_ name: String, in group: Group) throws(HDF5Error) -> Int {
        Int(try group.dataset(name).read(as: Int64.self).first ?? 0)
    }
}
