/// Where bytes come from, in order: a file, an entry of an archive, or what either inflates to.
package protocol ByteSource: AnyObject {
    /// Names the source in errors.
    var place: String { get }
    /// What can be said of the number of bytes before they are read.
    var size: ByteCount { get }

    /// Writes as many of the next bytes as it likes, at least one; 0 only at the end. `output` is not empty.
    func read(into output: UnsafeMutableRawBufferPointer) throws(ImportError) -> Int
}

/// How many bytes a source has.
package enum ByteCount {
    case exactly(Int)
    case atMost(Int)

    package var most: Int {
        switch self {
        case .exactly(let count), .atMost(let count): count
        }
    }

    /// A file of more bytes is refused, so that sums of sizes do not overflow.
    package static let limit = 1 << 50
    /// Deflate makes at most 258 bytes of two bits.
    private static let deflateRatio = 1032

    /// What so many bytes, which are no more than the limit, can inflate to.
    package static func inflated(from count: Int) -> ByteCount { .atMost(min(count * deflateRatio, limit)) }
}
