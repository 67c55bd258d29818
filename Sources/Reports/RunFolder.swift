import Basics
import Checkpoints
import FoundationEssentials
import HDF5Storage
import Options
import Reporting

/// What the files of a run's output folder tell of it: `log.jsonl`, `config.toml`, and a few attributes of `latest.h5`.
public struct RunFolder: Sendable {
    public enum State: Sendable, Equatable, CustomStringConvertible {
        case running, finished
        /// Ahead of its last epoch, by a rule.
        case ended(reason: String)
        /// By a user, a signal or an error; it can go on.
        case stopped
        /// By a sweep, since others were better.
        case dropped(epoch: Int)

        public var description: String {
            switch self {
            case .running: "running"
            case .finished: "finished"
            case .ended(let reason): reason
            case .stopped: "stopped"
            case .dropped(let epoch): "dropped after epoch \(epoch)"
            }
        }
    }

    public let path: String
    /// Those of `config.toml`; the defaults where it cannot be read.
    public let options: TrainingOptions
    public let epochs: [EpochLog.Epoch]
    public let state: State

    public init(_ path: String) throws {
        self.path = path
        epochs = try EpochLog.epochs(of: path)
        var options = TrainingOptions()
        let configuration = "\(path)/\(CheckpointStore.configurationName)"
        if let text = try? String(contentsOfFile: configuration, encoding: .utf8) {
            // The run's own file: what an older version wrote and this one does not know is left out.
            _ = try? options.apply(toml: text, file: configuration)
        }
        self.options = options
        state = Self.state(path, epochs: epochs.last?.epoch ?? 0, of: options.epochs)
    }

    private static func state(_ path: String, epochs: Int, of all: Int) -> State {
        if OutputLock.isTaken(path) { return .running }
        if epochs >= all { return .finished }
        let dropped = try? String(contentsOfFile: "\(path)/\(CheckpointStore.droppedName)", encoding: .utf8)
        // Someone may have gone on with it by hand.
        if let epoch = dropped.flatMap({ Int($0) }), epoch >= epochs { return .dropped(epoch: epoch) }
        return stopReason(path).map { .ended(reason: $0) } ?? .stopped
    }

    /// Why the coordinator has ended the run, if it has.
    private static func stopReason(_ path: String) -> String? {
        let file = try? HDF5File.open("\(path)/\(CheckpointStore.latestName)")
        let text = try? file?.root.group("dptrain/coordinator").attributes.string("state")
        return text.flatMap { try? JSONValue(parsing: $0) }?["stopReason"]?.string
    }

    /// What to call runs by their paths: the last part of each that has a name to it; the whole paths where two are called the
    /// same.
    public static func names(of runs: [String]) -> [String] {
        let short = runs.map { run in
            let parts = run.split(separator: "/").filter { $0 != "." && $0 != CheckpointStore.logName }
            return parts.last.map(String.init) ?? run
        }
        return Set(short).count == short.count ? short : runs
    }

    /// A pattern such as `runs/run-*` also finds files beside the folders of runs: which of the paths may be runs, and which are
    /// such files.
    public static func sorted(_ paths: [String]) -> (runs: [String], others: [String]) {
        let others = paths.filter { path in
            var isFolder = false
            guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder), !isFolder else { return false }
            let text = try? String(contentsOfFile: path, encoding: .utf8)
            return text?.hasPrefix("{\"event\":") != true
        }
        return (paths.filter { !others.contains($0) }, others)
    }

    /// How many epochs are done: a run that went on from a file in a new folder has not logged all of them.
    public var epochsDone: Int { epochs.last?.epoch ?? 0 }

    /// Of all epochs.
    public var seconds: Double { epochs.reduce(0) { $0 + ($1.seconds ?? 0) } }

    /// The best value within the first epochs of what the run's best is told by; nil if there is none that is a number.
    public func best(withinEpochs epochs: Int) throws -> Double? {
        let monitor = options.saveBest.monitor
        let values = try EpochLog.records(of: path, event: "epoch").compactMap { record -> Double? in
            guard let epoch = record["epoch"]?.integer, epoch <= epochs else { return nil }
            return monitor.names.lazy.compactMap { record[$0]?.number }.first
        }
        return values.reduce(nil) { best, value in
            guard value.isFinite else { return best }
            return best.map { monitor.isBetter(value, than: $0) ? value : $0 } ?? value
        }
    }

    /// The runs in a folder and in the folders within it, by path.
    public static func all(in folder: String, depth: Int = 4) throws -> [RunFolder] {
        if FileManager.default.fileExists(atPath: "\(folder)/\(CheckpointStore.logName)") {
            return [try RunFolder(folder)]
        }
        let names: [String]
        do {
            names = try FileManager.default.contentsOfDirectory(atPath: folder)
        } catch {
            throw UnreadableLog(description: "\(folder): the folder cannot be read; \(error.failureText)")
        }
        guard depth > 0 else { return [] }
        return try names.sorted().flatMap { name -> [RunFolder] in
            let path = folder == "." ? name : "\(folder)/\(name)"
            var isFolder = false
            guard !name.hasPrefix("."), FileManager.default.fileExists(atPath: path, isDirectory: &isFolder), isFolder
            else { return [] }
            return try all(in: path, depth: depth - 1)
        }
    }
}
