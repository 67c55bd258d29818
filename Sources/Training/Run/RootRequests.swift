import Checkpoints
import Glibc
import MessagePassing
import Options

/// What the clock of rank 0, and the output folder, ask of a run. The other ranks hear of it as they hear of signals.
struct RootRequests {
    private let timeLimit: Double?
    private let saveInterval: Double?
    /// Nil on the other ranks, which need not see the folder.
    private let stopFile: String?
    private var lastLook: ContinuousClock.Instant?
    /// A folder on a server is not asked in every step.
    private static let pause = Duration.seconds(1)

    init(_ options: TrainingOptions, isRoot: Bool) {
        timeLimit = isRoot ? options.maxTime.map { Double($0.seconds) } : nil
        saveInterval = isRoot ? options.checkpointEvery.map { Double($0.seconds) } : nil
        stopFile = isRoot ? "\(options.output ?? TrainingRun.defaultOutput)/\(CheckpointStore.stopName)" : nil
    }

    /// `age`: seconds since the process began; `sinceSave`: since the last checkpoint.
    mutating func take(age: Double, sinceSave: Double) -> SignalRequest? {
        if let timeLimit, age >= timeLimit { return .outOfTime }
        if isAskedToStop { return .stopByFile }
        if let saveInterval, sinceSave >= saveInterval { return .save }
        return nil
    }

    private var isAskedToStop: Bool {
        mutating get {
            guard let stopFile else { return false }
            let now = ContinuousClock.now
            if let lastLook, now - lastLook < Self.pause { return false }
            lastLook = now
            return access(stopFile, F_OK) == 0
        }
    }

    /// The file has been obeyed. One that cannot be deleted stops the next run too, which says so.
    func removeStopFile() {
        if let stopFile { unlink(stopFile) }
    }
}
