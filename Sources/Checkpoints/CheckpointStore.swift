import Basics

#if canImport(Glibc)
import Glibc
#endif

/// The output folder of a run.
///
///     step-00000000.h5   the initial state; never deleted
///     step-00000200.h5   later ones, of which the last `keep` stay
///     latest.h5          the newest of these (another name of the same file)
///     best.h5            the best by the monitored metric
///
/// A file gets its name only once it is whole and on the disk, so each of these names always leads to a whole file.
public struct CheckpointStore: Sendable {
    /// What may be in the folder at the start.
    public enum Start: Sendable {
        /// Nothing, or what a run left behind that failed ahead of its first checkpoint.
        case new
        /// An earlier run, which is deleted.
        case overwrite
        /// An earlier run, which goes on.
        case resume
    }

    /// What a state is saved as.
    public struct Role: OptionSet, Sendable {
        public let rawValue: Int
        public init(rawValue: Int) { self.rawValue = rawValue }

        /// `step-N.h5` and `latest.h5`
        public static let step = Role(rawValue: 1)
        /// `best.h5`
        public static let best = Role(rawValue: 2)
    }

    public static let latestName = "latest.h5"
    public static let bestName = "best.h5"
    public static let logName = "log.jsonl"
    public static let configurationName = "config.toml"
    /// How names of event files for TensorBoard begin: it finds them by that.
    public static let eventsPrefix = "events.out.tfevents."
    /// A file with which a user asks the run of the folder to stop.
    public static let stopName = "STOP"
    /// A file with the epoch after which a sweep has stopped the run, since others were better.
    public static let droppedName = "dropped"

    public let folder: String
    /// How many step files stay, the initial state not counted.
    public let keep: Int
    let fileSystem: any FileSystem

    /// Creates the folder where it is missing, checks that it may be used and written to, and deletes what an
    /// interrupted save left behind.
    public init(
        folder: String, keep: Int, start: Start, fileSystem: any FileSystem = POSIXFileSystem()
    ) throws(FileError) {
        precondition(keep > 0, "at least one checkpoint stays")
        self.folder = folder
        self.keep = keep
        self.fileSystem = fileSystem
        do {
            try fileSystem.createFolder(folder)
            let names = try fileSystem.names(in: folder).filter { $0 != OutputLock.name }
            let leftovers = names.filter(TemporaryName.isOne)
            if start == .new { try Self.requireNew(folder, names) }
            for name in leftovers { try fileSystem.remove("\(folder)/\(name)") }
            if start == .overwrite {
                for name in names where Self.isOurs(name) { try fileSystem.remove("\(folder)/\(name)") }
            }
            // Under a name that the next start deletes, if this one is killed here.
            let probe = TemporaryName.of("probe")
            try fileSystem.replace(probe, in: folder, with: [UInt8]())
            try fileSystem.remove("\(folder)/\(probe)")
        } catch {
            throw .unusable(folder, error)
        }
    }

    private static func requireNew(_ folder: String, _ names: [String]) throws(FileError) {
        let remains = names.filter { !TemporaryName.isOne($0) && !isRecord($0) }
        guard !remains.isEmpty else { return }
        let resumes = remains.contains(where: isCheckpoint) ? "continue its run with --resume, " : ""
        throw FileError(
            .folder, file: folder, "the output folder is not empty",
            remedy: "\(resumes)start anew in it with --overwrite, or give another --output")
    }

    // MARK: Saving

    /// Saves a state, then deletes step files beyond `keep`. Throws without having touched any earlier checkpoint. Returns
    /// the file's path.
    @discardableResult
    public func save(_ state: RunState, as roles: Role) throws(FileError) -> String {
        try save(
            CheckpointCodec.compose(state, tensors: state).sealed(), globalStep: state.position.globalStep, as: roles)
    }

    /// Saves a composed state; `globalStep` is the one in it.
    @discardableResult
    package func save(_ content: some FileContent, globalStep: Int, as roles: Role) throws(FileError) -> String {
        let step = Self.stepName(globalStep)
        var names: [String] = []
        if roles.contains(.step) { names += [step, Self.latestName] }
        if roles.contains(.best) { names.append(Self.bestName) }
        guard let first = names.first else { preconditionFailure("a state is saved as something") }
        do {
            try fileSystem.replace(first, in: folder, with: content)
            for name in names.dropFirst() { try addName(name, to: first, content) }
        } catch {
            throw failure(error)
        }
        do {
            try prune(upTo: globalStep)
        } catch {
            throw FileError(
                .write, file: error.path,
                "the new checkpoint is saved, but an old one cannot be deleted: \(error.reason)")
        }
        return "\(folder)/\(first)"
    }

    /// Where the file system has no hard links, the bytes are written once more.
    func addName(
        _ name: String, to existing: String, _ content: some FileContent
    ) throws(FileSystemError) {
        do {
            try fileSystem.relink(name, in: folder, to: existing)
        } catch {
            try fileSystem.replace(name, in: folder, with: content)
        }
    }

    /// Files of later steps come from a run that was resumed from before them: they are left alone and do not count.
    private func prune(upTo globalStep: Int) throws(FileSystemError) {
        let steps = try stepNumbers().filter { $0 > 0 && $0 <= globalStep }
        for step in steps.dropFirst(keep) { try fileSystem.remove("\(folder)/\(Self.stepName(step))") }
    }

    func failure(_ error: FileSystemError) -> FileError {
        let next =
            switch (try? fileSystem.names(in: folder))?.contains(where: Self.isCheckpoint) {
            case true: "continue with --resume; the earlier checkpoints are whole"
            case false: "start again; there is no checkpoint yet"
            case nil: "continue with --resume, if the folder has a checkpoint"
            }
        switch error.code {
        case ENOSPC, EDQUOT:
            return FileError(
                .diskFull, file: error.path, "\(error.reason) (the disk is full)",
                remedy: "free some space and \(next)")
        default:
            return FileError(
                .write, file: error.path, error.reason, remedy: "see that the folder can be written to and \(next)")
        }
    }

    // MARK: Names

    /// `step-00000200.h5`
    public static func stepName(_ globalStep: Int) -> String {
        let digits = String(globalStep)
        return "step-" + String(repeating: "0", count: max(0, 8 - digits.count)) + digits + ".h5"
    }

    static func stepNumber(_ name: String) -> Int? {
        guard name.hasPrefix("step-"), name.hasSuffix(".h5"), let step = Int(name.dropFirst(5).dropLast(3)),
            stepName(step) == name
        else { return nil }
        return step
    }

    /// Of the checkpoints in a folder; nil where there are none.
    package static func newestStep(in folder: String, fileSystem: any FileSystem = POSIXFileSystem()) -> Int? {
        (try? fileSystem.names(in: folder))?.compactMap(stepNumber).max()
    }

    /// The steps that have a file, newest first.
    func stepNumbers() throws(FileSystemError) -> [Int] {
        try fileSystem.names(in: folder).compactMap(Self.stepNumber).sorted(by: >)
    }

    private static func isCheckpoint(_ name: String) -> Bool {
        name == latestName || name == bestName || stepNumber(name) != nil
    }

    /// What observers write, and the options.
    private static func isRecord(_ name: String) -> Bool {
        name == logName || name == configurationName || name.hasPrefix(eventsPrefix)
    }

    private static func isOurs(_ name: String) -> Bool {
        isCheckpoint(name) || isRecord(name) || name == stopName || name == droppedName
    }
}
