import Basics
import FoundationEssentials
import Glibc

/// Keeps a second run out of an output folder.
///
/// It is a lock of the kernel on `.dptrain.lock`, a file that names the run's host and process. The lock ends with the
/// process, however the process ends, and works over NFS. The file is deleted at the end of the run. If the process was
/// killed the file is left without a lock, and the next run takes it.
public final class OutputLock {
    public static let name = ".dptrain.lock"

    /// Nil where the file system has no locks: then nothing keeps another run out.
    private let descriptor: Int32?
    private let path: String

    /// `F_OFD_SETLK` of Linux, which Swift's Glibc lacks.
    private static let setLock: Int32 = 37

    /// Who holds a lock, as its file says.
    private struct Holder: Codable {
        let host: String
        let process: Int32
    }

    /// Throws if another run holds the lock. Creates the folder where it is missing.
    public init(folder: String) throws(FileError) {
        path = "\(folder)/\(Self.name)"
        let files = POSIXFileSystem()
        do {
            try files.createFolder(folder)
            descriptor = try Self.lock(path, folder, files)
            if let descriptor {
                let holder = Holder(host: HostName.current, process: getpid())
                let text = (try? JSONEncoder().encode(holder)).map { Array($0) } ?? []
                try files.cut(descriptor, to: 0, path)
                try files.write(text, to: descriptor, path)
            }
        } catch {
            throw .unusable(folder, error)
        }
    }

    deinit {
        guard let descriptor else { return }
        // While the lock is held: a run that comes now finds no file, or sees that the one it opened is gone.
        unlink(path)
        close(descriptor)
    }

    public var isHeld: Bool { descriptor != nil }

    /// The open file; nil where the file system has no locks.
    private static func lock(_ path: String, _ folder: String, _ files: POSIXFileSystem) throws -> Int32? {
        while true {
            let file = try files.openToAppend(path)
            // Of the open file, not of the process: closing another descriptor of the file does not end it.
            var whole = flock(l_type: Int16(F_WRLCK), l_whence: Int16(SEEK_SET), l_start: 0, l_len: 0, l_pid: 0)
            guard fcntl(file, Self.setLock, &whole) == 0 else {
                let code = errno
                try? files.close(file, path)
                if code == EAGAIN || code == EACCES { throw refusal(path, folder, files) }
                return nil
            }
            if isAt(path, file) { return file }
            // The run that held it has just ended and deleted the file.
            try? files.close(file, path)
        }
    }

    private static func isAt(_ path: String, _ file: Int32) -> Bool {
        var (named, opened) = (stat(), stat())
        return stat(path, &named) == 0 && fstat(file, &opened) == 0
            && named.st_ino == opened.st_ino && named.st_dev == opened.st_dev
    }

    private static func refusal(_ path: String, _ folder: String, _ files: POSIXFileSystem) -> FileError {
        let holder = (try? files.read(path)).flatMap { try? JSONDecoder().decode(Holder.self, from: Data($0)) }
        let who = holder.map { "process \($0.process) on \($0.host)" } ?? "another process"
        return FileError(
            .folder, file: folder, "another run writes to this folder (\(who))",
            remedy: "wait for its end, stop it, or give another --output")
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
