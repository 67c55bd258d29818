import Basics
import FoundationEssentials
import Optimization
import Reduction

/// `log.jsonl`: a line for every step, every epoch and every rollback, each a JSON object with numbers in full (the shortest text that
/// reads back as the same number; null for what is no number). Epochs and steps count from 1.
///
/// ```
/// {"event":"step","epoch":1,"step":1,"loss":2.31,"accuracy":0.125,"learning_rate":0.001,"samples":128, timings}
/// {"event":"epoch","epoch":1,"step":469,"loss":...,"accuracy":...,"val_loss":...,"val_accuracy":...,
///  "learning_rate":0.001,"best":true, timings}
/// {"event":"rollback","epoch":3,"step":938,"abandoned_step":1021,"rollbacks":1,"learning_rate":0.0005}
/// ```
/// Regression has `mae` and `rmse` instead of an accuracy. Behind a rollback to `step` the epoch's steps come once more.
/// The timings, last in a line, are all that differs from run to run.
public final class RunLog: RunObserver {
    private let path: String
    private let descriptor: Int32
    private let files = POSIXFileSystem()

    /// A new log; whatever was there is gone.
    public convenience init(creatingAt path: String) throws {
        try self.init(at: path, keeping: { _, _ in false })
    }

    /// Goes on with the log of a run that is resumed after `step` steps, `epochs` whole epochs and `rollbacks`: later lines, and
    /// a line that was not written to its end, are cut, so that the log becomes that of a run never stopped.
    public convenience init(resumingAt path: String, step: Int, epochs: Int, rollbacks: Int = 0) throws {
        try self.init(at: path) { position, earlier in
            if earlier != rollbacks { return earlier < rollbacks }
            return position.event == "epoch" ? position.epoch <= epochs : position.step <= step
        }
    }

    private struct Position: Decodable {
        let event: String
        let epoch: Int
        let step: Int
        let rollbacks: Int?
    }

    /// `isKept` is asked of each line, with the number of rollbacks up to it.
    private init(at path: String, keeping isKept: (Position, Int) -> Bool) throws {
        self.path = path
        do {
            descriptor = try files.openToAppend(path)
            let kept = Self.keptBytes(of: Data(try files.read(path)), isKept)
            try files.cut(descriptor, to: kept, path)
        } catch {
            throw RunLogError(path: path, operation: "open", reason: error)
        }
    }

    deinit { try? files.close(descriptor, path) }

    /// The length of the whole lines ahead of the first one that is damaged or not kept.
    private static func keptBytes(of log: Data, _ isKept: (Position, Int) -> Bool) -> Int {
        let newline = UInt8(ascii: "\n")
        let decoder = JSONDecoder()
        var start = log.startIndex
        var rollbacks = 0
        while let end = log[start...].firstIndex(of: newline),
            let position = try? decoder.decode(Position.self, from: log[start..<end])
        {
            rollbacks = position.rollbacks ?? rollbacks
            guard isKept(position, rollbacks) else { break }
            start = end + 1
        }
        return start - log.startIndex
    }

    public func stepEnded(_ event: StepEnded) throws {
        var line = JSONLine()
        line.add("event", "step")
        line.add("epoch", event.epoch + 1)
        line.add("step", event.step)
        line.add("loss", event.loss)
        line.add("accuracy", event.accuracy)
        line.add("learning_rate", event.learningRate)
        line.add("samples", event.samples)
        let durations = event.durations
        line.add("images_per_second", Double(event.samples) / durations.total)
        line.add("step_ms", durations.total * 1e3)
        line.add("data_ms", durations.dataWait * 1e3)
        line.add("compute_ms", durations.compute * 1e3)
        line.add("reduce_exposed_ms", durations.exposedReduction * 1e3)
        for cause in WaitCause.allCases { line.add("\(cause.key)_ms", durations.reductionWaits[cause] * 1e3) }
        line.add("reduce_hidden_ms", durations.hiddenReduction * 1e3)
        line.add("update_ms", durations.update * 1e3)
        line.add("first_step_after_ms", event.sinceStart.map { $0 * 1e3 })
        try append(line)
    }

    public func epochEnded(_ event: EpochEnded) throws {
        var line = JSONLine()
        line.add("event", "epoch")
        line.add("epoch", event.metrics.epoch + 1)
        line.add("step", event.step)
        line.add(event.metrics.training, prefix: "")
        line.add(event.metrics.validation, prefix: "val_")
        for (name, value) in event.metrics.scores.sorted(by: { $0.key < $1.key }) { line.add(name, value) }
        line.add(event.metrics.rawValidation, prefix: "raw_val_")
        line.add("learning_rate", event.learningRate)
        line.add("best", event.isBest)
        line.add("images_per_second", Double(event.samples) / event.trainingSeconds)
        line.add("data_seconds", event.waitedSeconds)
        for cause in WaitCause.allCases { line.add("\(cause.key)_seconds", event.reductionWaits[cause]) }
        if let straggler = event.straggler {
            line.add("slowest_rank", straggler.rank)
            line.add("slowest_rank_host", straggler.host)
            line.add("slowest_rank_share", straggler.share)
        }
        line.add("seconds", event.seconds)
        try append(line)
    }

    public func rolledBack(_ event: RolledBack) throws {
        var line = JSONLine()
        line.add("event", "rollback")
        line.add("epoch", event.epoch + 1)
        line.add("step", event.step)
        line.add("abandoned_step", event.abandonedStep)
        line.add("rollbacks", event.rollbacks)
        line.add("learning_rate", event.learningRate)
        try append(line)
    }

    /// Brings all lines onto the disk: a checkpoint must not know of steps that the log lost.
    public func checkpointIsDue() throws {
        do {
            try files.synchronize(descriptor, path)
        } catch {
            throw RunLogError(path: path, operation: "write", reason: error)
        }
    }

    private func append(_ line: JSONLine) throws {
        do {
            try files.write(Array((line.text + "\n").utf8), to: descriptor, path)
        } catch {
            throw RunLogError(path: path, operation: "write", reason: error)
        }
    }
}

extension JSONLine {
    fileprivate mutating func add(_ means: EpochMetrics.Means?, prefix: String) {
        for (name, value) in means?.values ?? [] { add(prefix + name, value) }
    }
}

/// The log could not be opened or written.
public struct RunLogError: Error, CustomStringConvertible {
    public let path: String
    public let operation: String
    public let reason: any Error

    public var description: String {
        "cannot \(operation) the log \(path): \(reason.failureText); is the disk full or the folder read-only?"
    }
}
