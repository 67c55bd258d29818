import Basics
import Interchange
import Models
import Options
import Sessions

/// What a run takes over from the file of its model.
extension RunRequest {
    /// The request with the options that a Keras file's model was compiled with, where none were given, and a sentence for
    /// each thing to know of it. Only a new run takes them over: those of a resumed run are in its checkpoint.
    func takingOver(_ model: NamedModel?) throws -> (request: RunRequest, notes: [String]) {
        guard resume == .no else { return (self, []) }
        var (request, notes) = (self, [String]())
        if let file = model?.file { (request, notes) = try takingOver(file) }
        if let found = try request.preprocessing(of: model) {
            try request.take([found.setting])
            notes.append(found.note)
        }
        return (request, notes)
    }

    private func takingOver(_ file: KerasModelFile) throws -> (request: RunRequest, notes: [String]) {
        var request = self
        var notes = file.notes
        var taken: [KerasCompilation.Setting] = []
        if let compilation = file.compilation {
            let network = try options.separatingOutputs(of: file.network)
            // The weights of losses stay those of the file, whatever losses are given for its outputs.
            if !given.contains("loss") {
                taken += try compilation.lossSettings(of: network).filter {
                    $0.option == "loss-weights" || !given.contains("losses")
                }
            }
            // --optimizer stands for another object, with settings of its own.
            if !given.contains("optimizer") {
                taken += try compilation.optimizerSettings(of: file.network)
                if let note = compilation.optimizerNote { notes.append("\(file.path): \(note)") }
            }
            if !compilation.otherMetrics.isEmpty {
                notes.append("metrics of the file that are not measured: \(compilation.otherMetrics.listed(atMost: 5))")
            }
        }
        taken += try penalty(of: file.network, notes: &notes)
        // A rate of one's own stands for a schedule of the file, too.
        let ownRate = given.contains("learning-rate")
        taken = taken.filter { !given.contains($0.option) && !(ownRate && $0.option == "schedule") }
        try request.take(taken)
        let hasSchedule = taken.contains { $0.option == "schedule" }
        let state = try optimizerState(of: file, for: request.options, hasSchedule: hasSchedule, notes: &notes)
        try request.take(state)
        taken += state
        if !taken.isEmpty {
            let list = taken.map { "\($0.option) \($0.value)" }.joined(separator: ", ")
            notes.append("\(list): from \(file.path)")
        }
        return (request, notes)
    }

    mutating func take(_ settings: [KerasCompilation.Setting]) throws {
        for setting in settings {
            try options.set(setting.option, to: setting.value)
            given.insert(setting.option)
        }
    }

    /// What says that a run goes on with the optimizer of a compiled file, where its state is for the weights that train. The
    /// file's schedule, if the run `hasSchedule` from there, goes on where it was.
    private func optimizerState(
        of file: KerasModelFile, for options: TrainingOptions, hasSchedule: Bool, notes: inout [String]
    ) throws -> [KerasCompilation.Setting] {
        guard !given.contains("earlier-updates"), let variables = try file.optimizerVariables() else { return [] }
        let state = "the state of its optimizer after \(Figures.count(variables.updates, "update"))"
        if let option = given.contains("optimizer") ? "optimizer" : options.optionBesideOptimizerState {
            notes.append("\(file.path): --\(option) leaves out \(state)")
            return []
        }
        _ = try variables.slots(of: options.algorithm, in: file.network)
        notes.append("\(file.path): the run goes on with \(state)")
        let names = ["earlier-updates"] + (hasSchedule && !given.contains("schedule-start") ? ["schedule-start"] : [])
        return names.map { ($0, "\(variables.updates)") }
    }

    /// The penalties of layers as an option: that of all kernels, or each layer's own. What training cannot do is refused, if no
    /// option stands for it.
    private func penalty(
        of network: Network, notes: inout [String]
    ) throws(NetworkError) -> [KerasCompilation.Setting] {
        let penalties = network.penalties
        if let constraint = penalties.unknownConstraints.first {
            throw NetworkError(
                network: network.name, layer: nil,
                reason:
                    "\(constraint) is not supported in training, where NonNeg, MaxNorm, UnitNorm and MinMaxNorm are the "
                    + "constraints of weights; save the model without it")
        }
        if given.contains("l2") {
            let replaced = penalties.others + (penalties.l2 > 0 ? ["L2 = \(penalties.l2)"] : [])
            if !replaced.isEmpty { notes.append("--l2 replaces the file's \(replaced.listed(atMost: 3))") }
            return []
        }
        guard penalties.unknown.isEmpty else {
            throw NetworkError(
                network: network.name, layer: nil,
                reason: "\(penalties.unknown[0]) is not supported in training, where L1 and L2 are the only "
                    + "penalties of weights and outputs; --l2 replaces all that the file has, and --l2 0 leaves them out"
            )
        }
        if !penalties.others.isEmpty { return [("layer-penalties", "true")] }
        return penalties.l2 > 0 ? [("l2", "\(penalties.l2)")] : []
    }
}

extension TrainingOptions {
    /// The model that `--model` names; nil without the option.
    func namedModel() throws -> NamedModel? { try model.map { try NamedModel($0, inputSize: inputSize) } }
}
