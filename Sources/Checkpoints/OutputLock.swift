import Basics
import FoundationEssentials
import Glibc

/// Keeps a second run out of an output folder, and a second sweep out of its folder.
///
/// It is a lock of the kernel on `.dptrain.lock`, a file that names the run's host and process, and has a random number of
/// its own. The lock ends with the process, however the process ends, and works over NFS. The file is deleted at the end of the
/// run. If the process was killed the file is left without a lock, and the next run takes it.
///
/// A run that `dptrain launch` has started again takes the folder over from the attempt before it, which may live on a host that
/// does not answer: it puts a new file in the place of the old one, and the earlier attempt sees that when it next saves.
///
/// A lock belongs to an open file. A sweep hands that down to its runs (`inheritable`), so a sweep that was killed leaves the lock
/// to the runs that are still at work, until the last of them has ended.
///
/// Where the file system has no locks, a second run gets in and writes its own name to the file. The first one sees that when
/// it next saves (`requireOwn`).
public final class OutputLock: Sendable {
    public static let name = ".dptrain.lock"

    /// What needs a folder for itself.
    package enum Owner: Sendable {
        case run, sweep
        /// One run of a sweep (`--only`). It keeps sweeps out, but not others like it.
        case task

        fileprivate var words: String {
            switch self {
            case .run: "another run writes"
            case .sweep: "another sweep writes"
            case .task: "a task of the sweep (--only) writes"
            }
        }

        fileprivate var remedy: String {
            switch self {
            case .run: "wait for its end, stop it, or give another --output"
            case .sweep, .task: "wait for its end, stop it, or name another output in the file of the sweep"
            }
        }

        fileprivate var lockType: Int32 { self == .task ? F_RDLCK : F_WRLCK }
    }

    /// Whether the file system has locks, so that no other run can come.
    public let isHeld: Bool
    private let descriptor: Int32
    private let path: String
    private let folder: String
    private let owner: Owner
    /// What the file says while it is this run's.
    private let text: [UInt8]

    /// `F_OFD_SETLK` of Linux, which Swift's Glibc lacks.
    private static let setLock: Int32 = 37

    /// Which start of a job this is, as `dptrain launch` says: later ones take over from earlier ones.
    package struct Attempt: Codable, Sendable {
        let job: String
        let number: Int

        package static let variable = "DPTRAIN_ATTEMPT"

        package init?(_ environment: [String: String] = ProcessInfo.processInfo.environment) {
            let parts = environment[Self.variable]?.split(separator: ":") ?? []
            guard parts.count == 2, let number = Int(parts[1]) else { return nil }
            (job, self.number) = (String(parts[0]), number)
        }

        func follows(_ other: Attempt?) -> Bool { other.map { $0.job == job && $0.number < number } ?? false }
    }

    /// Who holds a lock, as its file says.
    private struct Holder: Codable {
        let host: String
        let process: Int32
        /// Tells the runs of one process from each other, and processes of equal numbers in containers. Files of earlier versions
        /// lack it.
        var run: String?
        var attempt: Attempt?
    }

    /// `F_OFD_GETLK`
    private static let getLock: Int32 = 36

    /// Whether a run writes to the folder now, as far as its file system has locks.
    public static func isTaken(_ folder: String) -> Bool { lockType(of: folder).map { $0 != F_UNLCK } ?? false }

    /// Whether a run of the folder was killed, so that it could not delete its lock.
    package static func isAbandoned(_ folder: String) -> Bool { lockType(of: folder) == F_UNLCK }

    /// Whether only processes that inherited the lock hold it: the one that took it, on this host, is gone.
    package static func isInherited(_ folder: String) -> Bool {
        guard lockType(of: folder) == F_WRLCK, let holder = holder("\(folder)/\(name)", POSIXFileSystem()),
            holder.host == HostName.current
        else { return false }
        return kill(holder.process, 0) != 0 && errno == ESRCH
    }

    /// Who writes to the folder, in words.
    package static func holderName(of folder: String) -> String { holderName("\(folder)/\(name)", POSIXFileSystem()) }

    /// Which lock the folder's file has; nil where there is no file, or the file system has no locks.
    private static func lockType(of folder: String) -> Int32? {
        let file = open("\(folder)/\(name)", O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { return nil }
        defer { Glibc.close(file) }
        var whole = flock(l_type: Int16(F_WRLCK), l_whence: Int16(SEEK_SET), l_start: 0, l_len: 0, l_pid: 0)
        return fcntl(file, getLock, &whole) == 0 ? Int32(whole.l_type) : nil
    }

    /// The job whose attempt writes to the folder now; empty for a run that `dptrain launch` has not started, nil where no run does.
    package static func jobThatHolds(_ folder: String) -> String? {
        isTaken(folder) ? holder("\(folder)/\(name)", POSIXFileSystem())?.attempt?.job ?? "" : nil
    }

    /// Whether it is this attempt that writes to the folder.
    package static func isTaken(_ folder: String, byJob job: String, attempt number: Int) -> Bool {
        isTaken(folder) && names(folder, job: job, attempt: number)
    }

    /// Whether the file is this attempt's, also where the file system has no locks.
    package static func names(_ folder: String, job: String, attempt number: Int) -> Bool {
        guard let attempt = holder("\(folder)/\(name)", POSIXFileSystem())?.attempt else { return false }
        return attempt.job == job && attempt.number == number
    }

    /// Throws if another run holds the lock. Creates the folder where it is missing.
    public convenience init(folder: String) throws(FileError) {
        try self.init(folder: folder, setLock: Self.setLock)
    }

    /// For a sweep.
    package convenience init(folder: String, of owner: Owner) throws(FileError) {
        try self.init(folder: folder, owner, setLock: Self.setLock, attempt: nil)
    }

    /// `setLock` is the command that sets the lock; tests give one that no file system knows.
    package init(
        folder: String, _ owner: Owner = .run, setLock: Int32 = OutputLock.setLock, attempt: Attempt? = Attempt()
    ) throws(FileError) {
        (self.folder, self.owner) = (folder, owner)
        path = "\(folder)/\(Self.name)"
        let files = POSIXFileSystem()
        do {
            try files.createFolder(folder)
            (descriptor, isHeld) = try Self.lock(path, folder, owner, files, setLock, attempt)
            let id = String(UInt64.random(in: 0...UInt64.max), radix: 16)
            text = Array(
                try JSONEncoder().encode(Holder(host: HostName.current, process: getpid(), run: id, attempt: attempt)))
            // Of those that share a lock, none is its holder.
            guard owner != .task else { return }
            try files.cut(descriptor, to: 0, path)
            try files.write(text, to: descriptor, path)
        } catch {
            throw .unusable(folder, error)
        }
    }

    deinit {
        // A lock is still held: a run that comes now finds no file, or sees that the one it opened is gone. Without locks the
        // file may be another run's by now.
        if owner != .task, isHeld ? Self.isAt(path, descriptor) : isOwn { unlink(path) }
        close(descriptor)
    }

    /// The descriptor to hand down to a process, so that the lock lasts as long as that does.
    package var inheritable: Int32 { descriptor }

    private var isOwn: Bool { (try? POSIXFileSystem().read(path)) == text }

    /// Refuses a folder that another run has taken since. A file that is gone was deleted by hand, and says nothing.
    package func requireOwn() throws(FileError) {
        guard access(path, F_OK) == 0, !isOwn else { return }
        throw FileError(
            .folder, file: folder, "another run has taken this folder (\(Self.holderName(path, POSIXFileSystem())))",
            remedy: "give each run an --output of its own")
    }

    /// The open file, and whether it is locked.
    private static func lock(
        _ path: String, _ folder: String, _ owner: Owner, _ files: POSIXFileSystem, _ setLock: Int32,
        _ attempt: Attempt?
    ) throws -> (descriptor: Int32, isHeld: Bool) {
        while true {
            let file = try files.openToAppend(path, reading: true)
            // Of the open file, not of the process: closing another descriptor of the file does not end it.
            var whole = flock(
                l_type: Int16(owner.lockType), l_whence: Int16(SEEK_SET), l_start: 0, l_len: 0, l_pid: 0)
            guard fcntl(file, setLock, &whole) == 0 else {
                guard errno == EAGAIN || errno == EACCES else { return (file, false) }
                try? files.close(file, path)
                guard let attempt, attempt.follows(holder(path, files)?.attempt) else {
                    throw refusal(path, folder, owner, files)
                }
                // The earlier attempt keeps its lock on a file without a name.
                unlink(path)
                continue
            }
            if isAt(path, file) { return (file, true) }
            // The run that held it has just ended and deleted the file.
            try? files.close(file, path)
        }
    }

    private static func isAt(_ path: String, _ file: Int32) -> Bool {
        var (named, opened) = (stat(), stat())
        return stat(path, &named) == 0 && fstat(file, &opened) == 0
            && named.st_ino == opened.st_ino && named.st_dev == opened.st_dev
    }

    private static func refusal(
        _ path: String, _ folder: String, _ owner: Owner, _ files: POSIXFileSystem
    ) -> FileError {
        let other = owner == .run ? owner : lockType(of: folder) == F_RDLCK ? .task : .sweep
        let name = other == .task ? "" : " (\(holderName(path, files)))"
        return FileError(
            .folder, file: folder, "\(other.words) to this folder" + name, remedy: owner.remedy)
    }

    private static func holder(_ path: String, _ files: POSIXFileSystem) -> Holder? {
        (try? files.read(path)).flatMap { try? JSONDecoder().decode(Holder.self, from: Data($0)) }
    }

    private static func holderName(_ path: String, _ files: POSIXFileSystem) -> String {
        holder(path, files).map { "process \($0.process) on \($0.host)" } ?? "another process"
    }
}

extension FileError {
    /// What is wrong with an output folder, from what was tried in it.
    static func unusable(_ folder: String, _ error: any Error) -> FileError {
        switch error {
        case let error as FileError: error
        case let error as FileSystemError:
            FileError(
                .folder, file: folder, "the output folder cannot be used: \(error.reason)",
                remedy: "give a folder that can be written to with --output")
        default: FileError(.folder, file: folder, "\(error)")
        }
    }
}
