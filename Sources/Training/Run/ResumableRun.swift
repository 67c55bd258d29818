import Basics
import Checkpoints
import Transforms
import Optimization
import Options

/// What must hold of a checkpoint so that its run can go on, as far as that can be told without data. Resuming and
/// `dptrain checkpoint verify` both go through here, so that a verified checkpoint can be resumed from.
package struct ResumableRun {
    package let state: RunState
    /// `base` with the options of the checkpoint.
    package let options: TrainingOptions

    /// `file` names the checkpoint in errors. `base` has the options that no checkpoint holds.
    package init(_ state: RunState, file: String, base: TrainingOptions = TrainingOptions()) throws(FileError) {
        let options = try Self.options(of: state, file: file, base: base)
        do {
            try Coordinator.requireReadable(Array(state.coordinator.utf8))
        } catch {
            throw Self.unreadable(file, error)
        }
        let optimizer = options.algorithm
        guard type(of: optimizer).kerasClass == state.optimizer.kerasClass,
            optimizer.slots.map(\.name) == state.optimizer.slots.map(\.name)
        else {
            throw FileError(
                .content, file: file,
                "it holds \(state.optimizer.slots.count) slots of \(state.optimizer.kerasClass), which do not fit its option "
                    + "--optimizer \(options.optimizer.kind.name)")
        }
        // States that were compared and given back have none.
        let hasWeights = !state.weights.isEmpty
        let hasAverage = options.average?.exists(afterEpochs: state.position.epoch) ?? false
        for (set, option, isOn) in [
            (RunState.WeightSet.training, options.swa == nil ? "ema" : "swa", hasAverage),
            (.slow, "lookahead", options.lookahead != nil),
        ] where hasWeights && (state.otherWeights[set] != nil) != isOn {
            throw FileError(
                .content, file: file, "its \(set.rawValue) weights do not fit its option --\(option)")
        }
        guard options.onNaN != .rollback || state.position.step == 0 || state.epochStart != nil else {
            throw FileError(
                .content, file: file,
                "it stands in the middle of an epoch, and lacks the epoch's start, which its option "
                    + "--on-nan rollback needs")
        }
        guard Normalization(state.normalization) != nil else {
            throw FileError(
                .content, file: file, "its normalization `\(state.normalization)` is unknown",
                remedy: "use the newer dptrain that wrote it")
        }
        self.state = state
        self.options = options
    }

    /// `base` with the options of a checkpoint.
    static func options(
        of state: RunState, file: String, base: TrainingOptions = TrainingOptions()
    ) throws(FileError) -> TrainingOptions {
        var options = base
        // The model and the weights are the checkpoint's own.
        options.model = nil
        options.weights = nil
        options.initFrom = nil
        options.match = nil
        do {
            for (name, value) in state.options.sorted(by: { $0.key < $1.key }) where name != "augment" {
                try options.set(name, to: value)
            }
            options.augment = try state.options["augment"].map { try AugmentationList(stored: $0) }
            try options.validate()
        } catch {
            throw unreadable(file, error)
        }
        return options
    }

    private static func unreadable(_ file: String, _ error: any Error) -> FileError {
        FileError(
            .content, file: file, "\(error)",
            remedy: "resume with the version of dptrain that wrote it, or start again")
    }

    /// Reads a checkpoint, whole and such that its run can go on, or not at all.
    package static func read(_ path: String) throws(FileError) -> ResumableRun {
        try ResumableRun(CheckpointFile.read(path), file: path)
    }
}
