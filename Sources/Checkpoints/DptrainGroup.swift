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
        try write(state.loss.settings, of: state.loss.function, to: attributes)
        if !state.loss.heads.isEmpty {
            try attributes.set("output_losses", state.loss.heads.map(\.loss.function.rawValue))
            try attributes.set("output_weights", state.loss.heads.map { "\($0.weight)" })
            // Absent where no loss has any, as in files from before they could.
            let smoothing = state.loss.heads.map(\.loss.labelSmoothing)
            if smoothing.contains(where: { $0 > 0 }) {
                try attributes.set("output_label_smoothing", smoothing.map { "\($0)" })
            }
        }
        try attributes.set("data_fingerprint", state.dataFingerprint)
        try attributes.set("normalization", state.normalization)
        // Absent in other runs, as in files from before it was stored.
        if state.samplesAreDecoded { try attributes.set("samples_decoded", 1) }
        if !state.overrides.isEmpty, let text = try? CanonicalJSON.encode(state.overrides) {
            try attributes.set("overrides", String(decoding: text, as: UTF8.self))
        }
        if let digest = state.initialWeights { try attributes.set("initial_weights", digest) }

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
        // What was not measured is absent or not finite in the state; in the file it is one and the same NaN.
        let measured = state.history.map { record in record.filter { $0.value.isFinite } }
        for name in Set(measured.flatMap(\.keys)).sorted() {
            let values = measured.map { $0[name] ?? .nan }
            try history.write(name, shape: [values.count], values)
        }
    }

    static func loss(in group: Group, of network: Network, file: String) throws -> Loss {
        guard network.heads.isEmpty else { return try lossOfHeads(in: group, of: network, file: file) }
        let name = try group.attributes.string("loss")
        guard let function = Loss.Function(rawValue: name) else {
            throw FileError(
                .content, file: file, "its loss \(name) is unknown", remedy: "use the newer dptrain that wrote it")
        }
        // Files from before losses had options lack them.
        guard try group.attributes.exists("from_logits") else { return network.loss(function) }
        let smoothing = try group.attributes.double("label_smoothing", in: 0...Double(Float(1).nextDown))
        return Loss(
            function, labelSmoothing: Float(smoothing),
            isFromLogits: try group.attributes.int("from_logits", in: 0...1) != 0,
            settings: try settings(of: function, in: group.attributes))
    }

    private static func lossOfHeads(in group: Group, of network: Network, file: String) throws -> Loss {
        let functions = try group.attributes.strings("output_losses").map(Loss.Function.init(rawValue:))
        let weights = try group.attributes.strings("output_weights").map { Float($0) }
        let isSmoothed = try group.attributes.exists("output_label_smoothing")
        let smoothing = isSmoothed ? try group.attributes.strings("output_label_smoothing").map { Float($0) } : nil
        let heads = network.heads.indices.compactMap { number -> Loss.Head? in
            guard number < functions.count, number < weights.count, let function = functions[number],
                let weight = weights[number], weight.isFinite, weight >= 0
            else { return nil }
            let part = smoothing.map { number < $0.count ? $0[number] : nil } ?? 0
            guard let part, (0..<1).contains(part), part == 0 || function.canSmooth else { return nil }
            return Loss.Head(
                name: network.headNames[number],
                loss: network.loss(function, labelSmoothing: part, of: network.heads[number]), weight: weight)
        }
        guard heads.count == network.heads.count, functions.count == heads.count, weights.count == heads.count else {
            throw FileError(
                .content, file: file, "its losses are not those of the \(network.heads.count) outputs of its network")
        }
        return Loss(heads: heads)
    }

    /// The numbers of the losses that have some.
    private static func write(
        _ settings: Loss.Settings, of function: Loss.Function, to attributes: Attributes
    ) throws(HDF5Error) {
        if function == .huber { try attributes.set("huber_delta", Double(settings.delta)) }
        guard function.isFocal else { return }
        try attributes.set("focal_gamma", Double(settings.gamma))
        if let alpha = settings.alpha { try attributes.set("focal_alpha", Double(alpha)) }
    }

    private static func settings(
        of function: Loss.Function, in attributes: Attributes
    ) throws(HDF5Error) -> Loss.Settings {
        let positive = Double(Float.leastNonzeroMagnitude)...Double(Float.greatestFiniteMagnitude)
        var settings = Loss.Settings()
        if function == .huber { settings.delta = Float(try attributes.double("huber_delta", in: positive)) }
        guard function.isFocal else { return settings }
        settings.gamma = Float(try attributes.double("focal_gamma", in: 0...Double(Float.greatestFiniteMagnitude)))
        if try attributes.exists("focal_alpha") {
            settings.alpha = Float(try attributes.double("focal_alpha", in: 0...1))
        }
        return settings
    }

    static func read(_ state: inout RunState, from group: Group) throws(HDF5Error) {
        state.dataFingerprint = try group.attributes.string("data_fingerprint")
        state.normalization = try group.attributes.string("normalization")
        if try group.attributes.exists("samples_decoded") {
            state.samplesAreDecoded = try group.attributes.int("samples_decoded", in: 0...1) != 0
        }
        if try group.attributes.exists("initial_weights") {
            state.initialWeights = try group.attributes.string("initial_weights")
        }
        state.overrides = try overrides(in: group)
        let position = try group.group("position")
        state.position = RunState.Position(
            epoch: try position.integer("epoch", in: RunState.counts),
            step: try position.integer("step", in: RunState.counts),
            globalStep: try position.integer("global_step", in: RunState.largeCounts))
        state.coordinator = try group.group("coordinator").attributes.string("state")
        state.classNames = try group.group("classes").attributes.strings("names")
        state.options = try texts(in: group.group("options"))
        state.execution = try texts(in: group.group("execution"))

        state.epochSums = try epochSums(in: group.group("epoch_sums"), heads: state.loss.heads.count)
        state.history = try history(in: group.group("history"))
    }

    private static func overrides(in group: Group) throws(HDF5Error) -> [RunState.Override] {
        guard try group.attributes.exists("overrides") else { return [] }
        let text = try group.attributes.string("overrides")
        guard let overrides = try? CanonicalJSON.decode([RunState.Override].self, from: Array(text.utf8)) else {
            throw error(group, "overrides", "it is no list of changed options")
        }
        return overrides
    }

    /// `heads`: how many outputs have sums of their own.
    private static func epochSums(in group: Group, heads: Int) throws(HDF5Error) -> [String: Double] {
        let counts = RunState.sums.counts + (0..<heads).map { RunState.headSum($0, "correct") }
        let values =
            RunState.sums.values
            + (0..<heads).flatMap { head in RunState.sums.values.map { RunState.headSum(head, $0) } }
        var sums: [String: Double] = [:]
        for name in try group.children() {
            let value = try group.dataset(name).readFinite([], as: Double.self)[0]
            let isCount = counts.contains(name)
            guard isCount || values.contains(name) else {
                throw error(group, name, "no such sum is known")
            }
            let range = RunState.largeCounts
            if isCount, Int(exactly: value).map({ !range.contains($0) }) ?? true {
                throw error(group, name, "\(value) is no count of samples")
            }
            sums[name] = value
        }
        guard sums["correct"] ?? 0 <= sums["samples"] ?? 0 else {
            throw error(group, "correct", "more samples were classified correctly than there were")
        }
        return sums
    }

    /// Every epoch has at least its learning rate, so that the data sets bound the number of epochs by the file's size.
    private static func history(in group: Group) throws(HDF5Error) -> [[String: Double]] {
        let names = try group.children()
        let epochs = try group.attributes.int("epochs", in: names.isEmpty ? 0...0 : RunState.counts)
        let columns = try names.map { name throws(HDF5Error) in
            let values = try group.dataset(name).read([epochs], as: Double.self)
            guard !values.contains(where: \.isInfinite) else { throw error(group, name, "a value is infinite") }
            return values
        }
        return (0..<epochs).map { epoch in
            let record = zip(names, columns).map { ($0, $1[epoch]) }.filter { !$0.1.isNaN }
            return Dictionary(uniqueKeysWithValues: record)
        }
    }

    private static func error(_ group: Group, _ name: String, _ problem: String) -> HDF5Error {
        HDF5Error("read the data set", file: group.location.file, object: "\(group.path)/\(name)", detail: problem)
    }

    private static func write(_ texts: [String: String], to group: Group) throws(HDF5Error) {
        for (name, value) in texts.sorted(by: { $0.key < $1.key }) { try group.attributes.set(name, value) }
    }

    private static func texts(in group: Group) throws(HDF5Error) -> [String: String] {
        var texts: [String: String] = [:]
        for name in try group.attributes.names() { texts[name] = try group.attributes.string(name) }
        return texts
    }
}
