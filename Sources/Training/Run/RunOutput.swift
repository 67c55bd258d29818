import Basics
import Checkpoints
import FoundationEssentials
import Models
import Options
import Reporting

/// The output folder of a run, and the observers that every run has: on rank 0 only.
struct RunOutput {
    let writer: CheckpointWriter
    let observers: [any RunObserver]
    /// What there is to say of the folder.
    let warnings: [String]
    private let lock: OutputLock

    /// `rollbacks` counts those of a resumed run. `lock` is nil for a run that has not touched its folder yet.
    /// `checkpointBytes`: about the size of a checkpoint, for which there must be room.
    init(
        _ request: RunRequest, _ resumed: ResumedState, rollbacks: Int, _ lock: OutputLock?, checkpointBytes: Int
    ) throws {
        let options = resumed.options
        let folder = options.output ?? TrainingRun.defaultOutput
        self.lock = try lock ?? OutputLock(folder: folder)
        var warnings =
            self.lock.isHeld
            ? [] : ["the file system of \(folder) has no locks, so nothing keeps a second run out of it"]
        if let room = DiskSpace.available(at: folder), room < checkpointBytes {
            throw FileError(
                .diskFull, file: folder,
                "a checkpoint takes \(ModelSummary.bytes(checkpointBytes)), and \(ModelSummary.bytes(room)) are free",
                remedy: "make room, or choose another folder with --output")
        }
        let store = try CheckpointStore(folder: folder, keep: options.keep, start: Self.start(request, folder))
        writer = CheckpointWriter(store, self.lock)
        let path = "\(folder)/\(CheckpointStore.logName)"
        let log: RunLog
        if let state = resumed.state {
            if case .file(let file) = request.resume {
                // Whoever goes on from one file may have chosen it because another is damaged.
                let (named, damage) = try store.named()
                try RunIdentity.requireSame(named, as: state, file: file)
                warnings += damage.map(\.description)
            }
            try RunIdentity.requireSame(log: path, as: state)
            log = try RunLog(
                resumingAt: path, step: state.position.globalStep, epochs: state.position.epoch, rollbacks: rollbacks)
        } else {
            log = try RunLog(creatingAt: path)
        }
        var recorded = resumed.recorded
        // Otherwise a resumed run would replace the trace of the first one, or stop where that did, without being asked.
        (recorded.trace, recorded.stopAfterEpoch) = (nil, nil)
        try POSIXFileSystem().replace(
            CheckpointStore.configurationName, in: folder, with: Array(recorded.toml.utf8))
        var observers: [any RunObserver] = [ConsoleReporter(style: options.consoleStyle), log]
        if options.tensorBoard == .on { observers.append(try TensorBoardLog(in: folder)) }
        self.observers = observers
        self.warnings = warnings
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
}

extension TrainingOptions {
    /// Nil where the console decides.
    var consoleStyle: ConsoleReporter.Style? {
        switch progress {
        case .auto: nil
        case .bar: .bar
        case .plain: .plain
        case .none: ConsoleReporter.Style.none
        }
    }
}
