#if canImport(Glibc)
import Glibc
#endif

/// The bytes of a regular file, or a part of them. The size is known, and they can be read more than once; neither holds for a
/// pipe.
package final class FileSource: ByteSource {
    package let place: String
    package let size: ByteCount
    /// Counted from the beginning of the part.
    package private(set) var position = 0
    /// Where in the file the part begins.
    package let start: Int
    private let descriptor: Int32

    /// `part` is the whole file if it is nil. `place` names the source in errors; the path is used if it is nil.
    package init(_ path: String, part: Range<Int>? = nil, place: String? = nil) throws(ImportError) {
        var status = stat()
        // Before opening, which would wait for the other end of a pipe.
        guard stat(path, &status) == 0 else {
            throw errno == ENOENT ? .notFound(path) : .unreadable(path, reason: Self.reason)
        }
        guard status.st_mode & S_IFMT == S_IFREG else {
            let isFolder = status.st_mode & S_IFMT == S_IFDIR
            throw .unreadable(path, reason: isFolder ? "it is a folder" : "it is no regular file; copy it into one")
        }
        guard status.st_size <= ByteCount.limit else {
            throw .unreadable(path, reason: "it is a file of \(status.st_size) bytes")
        }
        if let part, part.upperBound > status.st_size { throw .truncated(path) }
        descriptor = Glibc.open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw .unreadable(path, reason: Self.reason) }
        self.place = place ?? path
        start = part?.lowerBound ?? 0
        size = .exactly(part?.count ?? Int(status.st_size))
    }

    deinit { close(descriptor) }

    package func read(into output: UnsafeMutableRawBufferPointer) throws(ImportError) -> Int {
        let wanted = min(output.count, size.most - position)
        while true {
            let count = pread(descriptor, output.baseAddress, wanted, start + position)
            if count >= 0 {
                position += count
                return count
            }
            guard errno == EINTR else { throw .unreadable(place, reason: Self.reason) }
        }
    }

    /// The next byte read is that at `position`, or at the end if that is less.
    package func seek(to position: Int) { self.position = max(0, min(position, size.most)) }

    private static var reason: String { String(cString: strerror(errno)) }
}
