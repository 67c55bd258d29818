/// The bytes of a source from its beginning, inflated if they are a gzip file: the first bytes tell, not the name.
///
/// Memory grows with the bytes that are there, not with those that a header promises.
final class ByteStream {
    /// Names the stream in errors.
    var place: String { source.place }
    /// What can be said of the number of (inflated) bytes before they are read.
    var size: ByteCount { source.size }
    /// The number of (inflated) bytes read so far.
    private(set) var position = 0
    private let source: any ByteSource
    private let buffer: UnsafeMutableRawBufferPointer
    /// What was read from the source, but not yet from the stream.
    private var unread: Range<Int>

    init(_ source: any ByteSource) throws(ImportError) {
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 17, alignment: 16)
        do throws(ImportError) {
            var count = 0
            while count < 2 {
                let got = try source.read(into: UnsafeMutableRawBufferPointer(rebasing: buffer[count...]))
                if got == 0 { break }
                count += got
            }
            let head = UnsafeRawBufferPointer(rebasing: buffer[..<count])
            if InflatedSource.isGzip(head) {
                self.source = try InflatedSource(source, head: head)
                unread = 0..<0
            } else {
                self.source = source
                unread = 0..<count
            }
        } catch {
            buffer.deallocate()
            throw error
        }
        self.buffer = buffer
    }

    deinit { buffer.deallocate() }

    /// Refuses a file that does not have, or cannot have, `count` bytes.
    func require(size count: Int) throws(ImportError) {
        switch size {
        case .exactly(let actual) where actual != count: throw .wrongSize(place, expected: count, actual: actual)
        case .atMost(let most) where count > most: throw .impossibleSize(place, promised: count, most: most)
        default: break
        }
    }

    /// Reads exactly `output.count` bytes. `size` is what the file as a whole should hold, where that is known.
    func fill(_ output: UnsafeMutableRawBufferPointer, of size: Int? = nil) throws(ImportError) {
        let expected = size ?? position + output.count
        var done = 0
        while done < output.count {
            let available = try available()
            guard !available.isEmpty else { throw .wrongSize(place, expected: expected, actual: position) }
            let count = min(available.count, output.count - done)
            UnsafeMutableRawBufferPointer(rebasing: output[done...]).copyMemory(
                from: UnsafeRawBufferPointer(rebasing: available.prefix(count)))
            take(count)
            done += count
        }
    }

    /// Replaces `bytes` by the next `count` ones.
    func read(_ count: Int, into bytes: inout [UInt8], of size: Int? = nil) throws(ImportError) {
        let expected = size ?? position + count
        bytes.removeAll(keepingCapacity: true)
        while bytes.count < count {
            let available = try available()
            guard !available.isEmpty else { throw .wrongSize(place, expected: expected, actual: position) }
            let piece = available.prefix(count - bytes.count)
            bytes.append(contentsOf: piece)
            take(piece.count)
        }
    }

    /// Replaces `bytes` by the next ones, at most `count`; by none only at the end.
    func readSome(_ count: Int, into bytes: inout [UInt8]) throws(ImportError) {
        bytes.removeAll(keepingCapacity: true)
        let piece = try available().prefix(count)
        bytes.append(contentsOf: piece)
        take(piece.count)
    }

    func bytes(_ count: Int, of size: Int? = nil) throws(ImportError) -> [UInt8] {
        var bytes: [UInt8] = []
        try read(count, into: &bytes, of: size)
        return bytes
    }

    func skip(_ count: Int) throws(ImportError) {
        let end = position + count
        while position < end {
            let available = try available()
            guard !available.isEmpty else { throw .wrongSize(place, expected: end, actual: position) }
            take(min(available.count, end - position))
        }
    }

    /// Reads what is left, for the check sums at the end of it.
    func skipToEnd() throws(ImportError) {
        while case let available = try available(), !available.isEmpty { take(available.count) }
    }

    /// Makes sure that nothing follows.
    func requireEnd() throws(ImportError) {
        guard try available().isEmpty else { throw .wrongSize(place, expected: position, actual: position + 1) }
    }

    /// Bytes that can be read without the source, refilled from it if there are none; empty only at the end.
    private func available() throws(ImportError) -> UnsafeRawBufferPointer {
        if unread.isEmpty { unread = 0..<(try source.read(into: buffer)) }
        return UnsafeRawBufferPointer(rebasing: buffer[unread])
    }

    private func take(_ count: Int) {
        unread = unread.lowerBound + count..<unread.upperBound
        position += count
    }
}
