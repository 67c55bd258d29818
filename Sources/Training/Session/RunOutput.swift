import Basics
import Checkpoints
import FoundationEssentials
import Reporting

/// The output folder of a run and who writes to it: on rank 0 only.
final class RunOutput {
    let store: CheckpointStore
    let console: ConsoleReporter
    let log: RunLog
    private let folder: String
    private let lock: OutputLock

    /// `lock` is nil for a run that has not touched its folder yet.
    init(_ options: TrainingOptions, _ request: RunRequest, _ resumed: ResumedState, _ lock: OutputLock?) throws {
        folder = options.output ?? TrainingRun.defaultOutput
        self.lock = try lock ?? OutputLock(folder: folder)
        store = try CheckpointStore(folder: folder, keep: options.keep, start: Self.start(request, folder))
        let path = "\(folder)/\(CheckpointStore.logName)"
        if let state = resumed.state {
            log = try RunLog(
                resumingAt: path, step: state.position.globalStep, epochs: state.position.epoch)
        } else {
            log = try RunLog(creatingAt: path)
        }
        var recorded = resumed.recorded
        // Otherwise a resumed run would replace the trace of the first one without being asked.
        recorded.trace = nil
        try recorded.toml.write(
            toFile: "\(folder)/\(CheckpointStore.configurationName)", atomically: true, encoding: .utf8)
        console = ConsoleReporter(epochs: options.epochs)
        if !self.lock.isHeld {
            console.note("warning: the file system of \(folder) has no locks, so nothing keeps a second run out of it")
        }
    }

    /// A run continues in its own folder. From a checkpoint elsewhere it writes to a new folder, not to another run's.
    private static func start(_ request: RunRequest, _ folder: String) -> CheckpointStore.Start {
        if request.overwrite { return .overwrite }
        switch request.resume {
        case .no: return .new
        case .latest: return .resume
        case .file(let path):
            let home = URL(fileURLWithPath: path).deletingLastPathComponent().resolvingSymlinksInPath()
            let isHome = home.path == URL(fileURLWithPath: folder).resolvingSymlinksInPath().path
            return isHome ? .resume : .new
        }
    }

    /// The log reaches the disk before the checkpoint that stands for the same steps.
    func save(_ state: RunState, as roles: CheckpointStore.Role) throws {
        try log.synchronize()
        try store.save(state, as: roles)
    }

    func end(_ outcome: RunOutcome, _ progress: RunProgress) {
        let epochs = Figures.count(progress.position.epoch, "epoch")
        switch outcome {
        case .finished: console.note("finished after \(epochs); results are in \(folder)")
        case .stopped(let reason): console.note("stopped after \(epochs): \(reason); results are in \(folder)")
        case .interrupted(let signal):
            console.note(
                "signal \(signal): checkpoint saved at step \(progress.position.globalStep); "
                    + "continue with --resume --output \(folder)")
        }
    }
}
