import Basics
import Checkpoints
import FoundationEssentials
import Reporting

/// Tells whether the files of an output folder are of one run. Two runs can write to one folder where the file system has no
/// locks, or if someone copies files; a run that goes on from such a folder would end with the best state of another one.
///
/// Checkpoints are of one run if options, data, network and initial weights are the same. A log is of that run if its epochs
/// have the losses that the checkpoint's history has.
enum RunIdentity {
    /// Refuses a folder that has `others` under names of their own if one of them is of another run than `mine`, which `file`
    /// holds.
    static func requireSame(
        _ others: [RecoveredState.Other], as mine: RunState, file: String
    ) throws(FileError) {
        for other in others {
            guard let difference = try difference(of: other, from: mine, file: file) else { continue }
            throw FileError(
                .folder, file: other.file, "it is of another run than \(file): \(difference)",
                remedy: "move it away to go on with \(file), or go on in a new folder with --resume FILE --output NEW")
        }
    }

    private static func difference(
        of other: RecoveredState.Other, from mine: RunState, file: String
    ) throws(FileError) -> String? {
        let state = other.state
        // Options that an older version did not store have their defaults.
        let options = try (
            ResumableRun.options(of: state, file: other.file), ResumableRun.options(of: mine, file: file)
        )
        let changed = Set((state.overrides + mine.overrides).map(\.option))
        let differences = options.0.semanticDifferences(from: options.1)
        if let option = differences.first(where: { !changed.contains($0.name) }) {
            return "its --\(option.name) is \(option.now), not \(option.was)"
        }
        // Layers may have begun to train between the two.
        if !state.network.isEqualButForTraining(mine.network) || state.loss != mine.loss {
            return "its network is another one"
        }
        if state.dataFingerprint != mine.dataFingerprint {
            return "the fingerprint of its data is \(state.dataFingerprint), not \(mine.dataFingerprint)"
        }
        if state.normalization != mine.normalization { return "its samples were normalised otherwise" }
        if state.initialWeights != mine.initialWeights { return "it began with other weights" }
        return nil
    }

    /// Refuses a log of another run than that of `state`. There may be none, or it may end earlier.
    static func requireSame(log path: String, as state: RunState) throws(FileError) {
        guard FileManager.default.fileExists(atPath: path), let log = try? EpochLog(of: path) else { return }
        for epoch in log.epochs {
            guard state.history.indices.contains(epoch.epoch - 1) else { continue }
            let record = state.history[epoch.epoch - 1]
            guard epoch.loss != record["loss"] || epoch.validationLoss != record["val_loss"] else { continue }
            throw FileError(
                .folder, file: path,
                "it is the log of another run: the loss of its epoch \(epoch.epoch) is \(text(epoch.loss)), that of the "
                    + "checkpoint is \(text(record["loss"]))",
                remedy: "move it away to go on without it")
        }
    }

    private static func text(_ loss: Double?) -> String { loss.map { "\($0)" } ?? "no number" }
}
