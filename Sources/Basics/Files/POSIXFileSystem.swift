#if canImport(Glibc)
import Glibc
#endif

/// The operating system's files.
public struct POSIXFileSystem: FileSystem {
    public init() {}

    public func createFolder(_ path: String) throws(FileSystemError) {
        var partial = path.hasPrefix("/") ? "" : "."
        for component in path.split(separator: "/") {
            let parent = partial.isEmpty ? "/" : partial
            partial += "/" + component
            if mkdir(partial, 0o777) == 0 {
                // A folder that a loss of power takes away takes all its files with it. One who may not read the folder above
                // may still create folders in it.
                try? synchronizeFolder(parent)
            } else if errno != EEXIST {
                throw failure("create the folder", path)
            }
        }
    }

    public func names(in folder: String) throws(FileSystemError) -> [String] {
        guard let directory = opendir(folder) else { throw failure("list the folder", folder) }
        defer { closedir(directory) }
        var names: [String] = []
        while let entry = readdir(directory) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if name != "." && name != ".." { names.append(name) }
        }
        return names.sorted()
    }

    public func read(_ path: String) throws(FileSystemError) -> [UInt8] { try read(path, from: 0) }

    /// What a file holds behind its first `offset` bytes. A file that becomes shorter meanwhile is an error (EIO).
    package func read(_ path: String, from offset: Int) throws(FileSystemError) -> [UInt8] {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw failure("open", path) }
        defer { _ = Glibc.close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw failure("read", path) }
        var done = 0
        var code: Int32 = 0
        let size = max(0, Int(status.st_size) - offset)
        let bytes = [UInt8](unsafeUninitializedCapacity: size) { buffer, count in
            while done < size, let start = buffer.baseAddress {
                let part = pread(descriptor, start + done, size - done, offset + done)
                if part > 0 {
                    done += part
                } else if part < 0, errno == EINTR {
                    continue
                } else {
                    code = part < 0 ? errno : EIO
                    break
                }
            }
            count = done
        }
        guard code == 0 else { throw FileSystemError("read", path, code: code) }
        return bytes
    }

    public func create(_ path: String) throws(FileSystemError) -> Int32 {
        let descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o666)
        guard descriptor >= 0 else { throw failure("create", path) }
        return descriptor
    }

    /// A file to add to, and to read if wanted; an empty one where there was none.
    package func openToAppend(_ path: String, reading: Bool = false) throws(FileSystemError) -> Int32 {
        let descriptor = open(path, (reading ? O_RDWR : O_WRONLY) | O_CREAT | O_APPEND | O_CLOEXEC, 0o666)
        guard descriptor >= 0 else { throw failure("open", path) }
        return descriptor
    }

    /// Takes away what lies behind the first `length` bytes.
    package func cut(_ descriptor: Int32, to length: Int, _ path: String) throws(FileSystemError) {
        guard ftruncate(descriptor, length) == 0 else { throw failure("shorten", path) }
    }

    public func write(
        _ bytes: UnsafeRawBufferPointer, to descriptor: Int32, _ path: String
    ) throws(FileSystemError) {
        var done = 0
        while done < bytes.count, let start = bytes.baseAddress {
            let part = Glibc.write(descriptor, start + done, bytes.count - done)
            if part > 0 {
                done += part
            } else if part == 0 || errno != EINTR {
                throw FileSystemError("write", path, code: part == 0 ? ENOSPC : errno)
            }
        }
    }

    public func synchronize(_ descriptor: Int32, _ path: String) throws(FileSystemError) {
        guard fsync(descriptor) == 0 else { throw failure("flush to the disk", path) }
    }

    public func close(_ descriptor: Int32, _ path: String) throws(FileSystemError) {
        guard Glibc.close(descriptor) == 0 else { throw failure("close", path) }
    }

    public func rename(_ path: String, to newPath: String) throws(FileSystemError) {
        guard Glibc.rename(path, newPath) == 0 else { throw failure("rename to \(newPath)", path) }
    }

    public func link(_ path: String, to newPath: String) throws(FileSystemError) {
        // A leftover of that name would stand in the way.
        unlink(newPath)
        guard Glibc.link(path, newPath) == 0 else { throw failure("link as \(newPath)", path) }
    }

    public func remove(_ path: String) throws(FileSystemError) {
        guard unlink(path) == 0 else { throw failure("delete", path) }
    }

    public func synchronizeFolder(_ path: String) throws(FileSystemError) {
        let descriptor = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { throw failure("open the folder", path) }
        defer { _ = Glibc.close(descriptor) }
        // Some network file systems cannot do this for folders and need not.
        guard fsync(descriptor) == 0 || errno == EINVAL else { throw failure("flush the folder to the disk", path) }
    }

    private func failure(_ operation: String, _ path: String) -> FileSystemError {
        FileSystemError(operation, path, code: errno)
    }
}
