import CZlib

#if canImport(Glibc)
import Glibc
#endif

/// The bytes of a file from its beginning, inflated if it is a gzip file: its first bytes tell, not its name.
final class ByteStream {
    let path: String
    /// The number of (inflated) bytes read so far.
    private(set) var position = 0
    private let handle: gzFile

    init(_ path: String) throws(ImportError) {
        var status = stat()
        guard stat(path, &status) == 0 else {
            let code = errno
            throw code == ENOENT ? .notFound(path) : .unreadable(path, reason: String(cString: strerror(code)))
        }
        guard status.st_mode & S_IFMT != S_IFDIR else { throw .unreadable(path, reason: "it is a folder") }
        guard let handle = gzopen(path, "rb") else {
            throw .unreadable(path, reason: String(cString: strerror(errno)))
        }
        gzbuffer(handle, 1 << 18)
        self.path = path
        self.handle = handle
    }

    deinit { gzclose_r(handle) }

    /// Reads up to `count` bytes; fewer only at the end of the file, be it where it should be or not.
    func read(_ count: Int, into output: UnsafeMutableRawPointer) throws(ImportError) -> Int {
        var done = 0
        while done < count {
            let got = gzread(handle, output + done, UInt32(min(count - done, 1 << 30)))
            guard got >= 0 else {
                var code: Int32 = 0
                let text = gzerror(handle, &code).map { String(cString: $0) } ?? "zlib gives no reason"
                throw .damaged(path, reason: text)
            }
            if got == 0 { break }
            done += Int(got)
        }
        position += done
        return done
    }

    /// Reads exactly `count` bytes. `size` is what the file as a whole should hold, where that is known.
    func fill(_ output: UnsafeMutableRawPointer, count: Int, of size: Int? = nil) throws(ImportError) {
        let expected = size ?? position + count
        guard try read(count, into: output) == count else {
            throw .wrongSize(path, expected: expected, actual: position)
        }
    }

    /// Exactly `count` bytes. Memory grows with what the file really holds, not with what it promises.
    func bytes(_ count: Int, of size: Int? = nil) throws(ImportError) -> [UInt8] {
        let expected = size ?? position + count
        var bytes: [UInt8] = []
        while bytes.count < count {
            let piece = try upTo(min(count - bytes.count, 1 << 24))
            guard !piece.isEmpty else { throw .wrongSize(path, expected: expected, actual: position) }
            bytes += piece
        }
        return bytes
    }

    /// All that is left.
    func rest() throws(ImportError) -> [UInt8] {
        var bytes: [UInt8] = []
        while true {
            let piece = try upTo(1 << 24)
            bytes += piece
            if piece.isEmpty { break }
        }
        try requireChecksum()
        return bytes
    }

    /// Makes sure that nothing follows.
    func requireEnd() throws(ImportError) {
        let expected = position
        guard try upTo(1).isEmpty else { throw .wrongSize(path, expected: expected, actual: position) }
        try requireChecksum()
    }

    /// Reads what is left, for gzip's check sum at the end of it.
    func skipToEnd() throws(ImportError) {
        while try !upTo(1 << 20).isEmpty {}
        try requireChecksum()
    }

    /// zlib compares the check sum by itself, but takes a file that ends before it for one that is still being written.
    private func requireChecksum() throws(ImportError) {
        var code: Int32 = 0
        _ = gzerror(handle, &code)
        guard code != Z_BUF_ERROR else { throw .damaged(path, reason: "the gzip stream has no end") }
    }

    private func upTo(_ count: Int) throws(ImportError) -> [UInt8] {
        var failure: ImportError?
        let bytes = [UInt8](unsafeUninitializedCapacity: count) { buffer, initialized in
            guard let base = buffer.baseAddress else { return }
            do throws(ImportError) {
                initialized = try read(count, into: base)
            } catch {
                failure = error
            }
        }
        if let failure { throw failure }
        return bytes
    }
}
