import Basics
import HDF5Storage

#if canImport(Glibc)
import Glibc
#endif

/// Bytes on their way into a data set whose size is known only when all of them are there. They lie in a file without a name,
/// on the disk that the output is on: nothing is left of it, however the program ends.
final class Spool {
    private(set) var count = 0
    private let descriptor: Int32
    private let path: String
    private var buffer: [UInt8] = []
    private static let block = 8 << 20

    /// `path` is a name that nobody uses, in the output's folder.
    init(_ path: String) throws(FileSystemError) {
        self.path = path
        descriptor = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw FileSystemError("create", path, code: errno) }
        unlink(path)
    }

    deinit { close(descriptor) }

    func append(_ bytes: ArraySlice<UInt8>) throws(FileSystemError) {
        buffer += bytes
        count += bytes.count
        if buffer.count >= Self.block { try flush() }
    }

    /// Copies everything into a data set, whose rows have `rowBytes` bytes each, a multiple of `rowsTogether` rows at a time.
    /// `beat` is called after each block.
    func copy(into dataset: Dataset, rowBytes: Int, rowsTogether: Int = 1, _ beat: () throws -> Void) throws {
        try flush()
        let rows = max(1, Self.block / max(1, rowBytes)).rounded(upToMultipleOf: rowsTogether)
        var block = [UInt8](repeating: 0, count: min(count, rows * rowBytes))
        for start in stride(from: 0, to: dataset.rows, by: rows) {
            let range = start..<min(start + rows, dataset.rows)
            try read(range.count * rowBytes, at: start * rowBytes, into: &block)
            try dataset.write(rows: range, from: block)
            try beat()
        }
    }

    private func flush() throws(FileSystemError) {
        var failure: FileSystemError?
        buffer.withUnsafeBytes { bytes in
            do throws(FileSystemError) { try POSIXFileSystem().write(bytes, to: descriptor, path) } catch {
                failure = error
            }
        }
        if let failure { throw failure }
        buffer.removeAll(keepingCapacity: true)
    }

    private func read(_ count: Int, at offset: Int, into block: inout [UInt8]) throws(FileSystemError) {
        let done = block.withUnsafeMutableBytes { bytes in
            var done = 0
            while done < count {
                let part = pread(descriptor, bytes.baseAddress.map { $0 + done }, count - done, offset + done)
                if part < 0, errno == EINTR { continue }
                guard part > 0 else { break }
                done += part
            }
            return done
        }
        guard done == count else { throw FileSystemError("read", path, code: errno) }
    }
}
