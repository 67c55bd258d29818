/// A message in the wire format of Protocol Buffers, which is written field by field. A field of a message is such bytes again.
package struct ProtobufMessage: Sendable {
    package private(set) var bytes: [UInt8] = []

    package init() {}

    private enum WireType: UInt64 {
        case varint = 0
        case fixed64 = 1
        case lengthDelimited = 2
        case fixed32 = 5
    }

    package mutating func add(_ field: Int, _ value: Int) {
        begin(field, .varint)
        append(UInt64(bitPattern: Int64(value)))
    }

    package mutating func add(_ field: Int, _ value: Float) {
        begin(field, .fixed32)
        withUnsafeBytes(of: value.bitPattern.littleEndian) { bytes.append(contentsOf: $0) }
    }

    package mutating func add(_ field: Int, _ value: Double) {
        begin(field, .fixed64)
        withUnsafeBytes(of: value.bitPattern.littleEndian) { bytes.append(contentsOf: $0) }
    }

    package mutating func add(_ field: Int, _ text: String) { add(field, Array(text.utf8)) }
    package mutating func add(_ field: Int, _ message: ProtobufMessage) { add(field, message.bytes) }

    package mutating func add(_ field: Int, _ content: [UInt8]) {
        begin(field, .lengthDelimited)
        append(UInt64(content.count))
        bytes.append(contentsOf: content)
    }

    /// The values in little-endian order, as they lie in memory on the processors that this program supports.
    package mutating func addRaw<Element>(_ field: Int, _ values: [Element]) where Element: BitwiseCopyable {
        begin(field, .lengthDelimited)
        values.withUnsafeBytes { raw in
            append(UInt64(raw.count))
            bytes.append(contentsOf: raw)
        }
    }

    private mutating func begin(_ field: Int, _ type: WireType) { append(UInt64(field) << 3 | type.rawValue) }

    /// A varint: seven bits a byte, the lowest first; the highest bit says that more follow.
    private mutating func append(_ value: UInt64) {
        var rest = value
        while rest >= 0x80 {
            bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        bytes.append(UInt8(rest))
    }
}
