#if canImport(Glibc)
import Glibc
#endif

/// The bytes of a file, read part by part: to be copied.
package final class StoredFile: FileContent {
    package let byteCount: Int
    private let path: String
    private let descriptor: Int32
    private static let partBytes = 4 << 20

    package init(_ path: String) throws(FileSystemError) {
        self.path = path
        descriptor = open(path, O_RDONLY | O_CLOEXEC)
        var status = stat()
        guard descriptor >= 0, fstat(descriptor, &status) == 0 else {
            byteCount = 0
            throw FileSystemError("open", path, code: errno)
        }
        byteCount = Int(status.st_size)
        guard status.st_mode & S_IFMT == S_IFREG else { throw FileSystemError("copy", path, code: EISDIR) }
    }

    deinit {
        if descriptor >= 0 { close(descriptor) }
    }

    package func forEachPart(
        _ body: (UnsafeRawBufferPointer) throws(FileSystemError) -> Void
    ) throws(FileSystemError) {
        let buffer = AlignedBuffer<UInt8>(count: min(Self.partBytes, max(byteCount, 1)))
        var done = 0
        while done < byteCount {
            let wanted = min(Self.partBytes, byteCount - done)
            let got = pread(descriptor, buffer.baseAddress, wanted, off_t(done))
            if got < 0, errno == EINTR { continue }
            // Nothing is left of a file that became shorter.
            guard got > 0 else { throw FileSystemError("read", path, code: got < 0 ? errno : EIO) }
            try body(UnsafeRawBufferPointer(start: buffer.baseAddress, count: got))
            done += got
        }
    }
}
