import CZlib

/// What a gzip file inflates to. zlib compares the check sum at its end.
package final class InflatedSource: ByteSource {
    package let place: String
    package let size: ByteCount
    private let source: any ByteSource
    private let input: UnsafeMutableBufferPointer<UInt8>
    /// zlib's state knows this address.
    private let stream: UnsafeMutablePointer<z_stream>
    /// A gzip file is one member after the other.
    private var isBetweenMembers = false
    private var isAtEnd = false

    package static func isGzip(_ bytes: some Collection<UInt8>) -> Bool { bytes.starts(with: [0x1f, 0x8b]) }

    /// Inflates `head`, which was read before, and then what follows it in the source.
    package init(_ source: any ByteSource, head: UnsafeRawBufferPointer) throws(ImportError) {
        self.source = source
        place = source.place
        size = .inflated(from: source.size.most)
        input = .allocate(capacity: max(head.count, 1 << 18))
        UnsafeMutableRawBufferPointer(input).copyMemory(from: head)
        stream = .allocate(capacity: 1)
        stream.initialize(to: z_stream())
        stream.pointee.next_in = input.baseAddress
        stream.pointee.avail_in = UInt32(head.count)
        // 16 more than the window's bits asks for gzip's header and trailer.
        guard inflateInit2_(stream, 15 + 16, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size)) == Z_OK else {
            throw .unreadable(place, reason: "zlib has no memory")
        }
    }

    deinit {
        inflateEnd(stream)
        stream.deallocate()
        input.deallocate()
    }

    package func read(into output: UnsafeMutableRawBufferPointer) throws(ImportError) -> Int {
        let wanted = UInt32(min(output.count, 1 << 30))
        stream.pointee.next_out = output.baseAddress?.assumingMemoryBound(to: UInt8.self)
        stream.pointee.avail_out = wanted
        while !isAtEnd && stream.pointee.avail_out == wanted { try advance() }
        return Int(wanted - stream.pointee.avail_out)
    }

    private func advance() throws(ImportError) {
        if stream.pointee.avail_in == 0 {
            let count = try source.read(into: UnsafeMutableRawBufferPointer(input))
            guard count > 0 || isBetweenMembers else { throw .damaged(place, reason: "the gzip stream has no end") }
            stream.pointee.next_in = input.baseAddress
            stream.pointee.avail_in = UInt32(count)
        }
        if isBetweenMembers {
            // As gzip does, ignores what follows and is no member: tapes end with zeros.
            guard stream.pointee.avail_in > 0, stream.pointee.next_in?.pointee == 0x1f else {
                isAtEnd = true
                return
            }
            inflateReset(stream)
            isBetweenMembers = false
        }
        switch inflate(stream, Z_NO_FLUSH) {
        case Z_OK, Z_BUF_ERROR: break
        case Z_STREAM_END: isBetweenMembers = true
        default:
            throw .damaged(place, reason: stream.pointee.msg.map { String(cString: $0) } ?? "zlib gives no reason")
        }
    }
}
