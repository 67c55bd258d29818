import Basics
import FileFormats

/// The texts that an ONNX file holds beside its graph. Nothing of the graph is read.
package enum ONNXMetadata {
    package static func read(_ bytes: [UInt8], file: String) throws(FileError) -> [String: String] {
        var texts: [String: String] = [:]
        var model = ProtobufReader(bytes[...])
        while let (field, content) = model.next() {
            guard field == 14 else { continue }
            var entry = ProtobufReader(content)
            var parts: [Int: String] = [:]
            while let (part, text) = entry.next() { parts[part] = String(decoding: text, as: UTF8.self) }
            if let key = parts[1] { texts[key] = parts[2] ?? "" }
        }
        guard model.isAtEnd else {
            throw FileError(.content, file: file, "it is no whole ONNX file", remedy: "export it anew")
        }
        return texts
    }
}

/// The fields of a message in the wire format of Protocol Buffers, one after the other.
private struct ProtobufReader {
    private var rest: ArraySlice<UInt8>

    init(_ bytes: ArraySlice<UInt8>) { rest = bytes }

    var isAtEnd: Bool { rest.isEmpty }

    /// The next field, with its bytes if it has a length of its own; nil at the end, and where the bytes are no message.
    mutating func next() -> (field: Int, content: ArraySlice<UInt8>)? {
        let start = rest
        guard !rest.isEmpty, let key = varint(), let content = content(ofType: key & 7) else {
            rest = start
            return nil
        }
        return (Int(truncatingIfNeeded: key >> 3), content)
    }

    private mutating func content(ofType type: UInt64) -> ArraySlice<UInt8>? {
        switch type {
        case 0: return varint().map { _ in [] }
        case 1: return take(8)
        case 2: return varint().flatMap { Int(exactly: $0) }.flatMap { take($0) }
        case 5: return take(4)
        default: return nil
        }
    }

    private mutating func take(_ count: Int) -> ArraySlice<UInt8>? {
        guard count <= rest.count else { return nil }
        defer { rest = rest.dropFirst(count) }
        return rest.prefix(count)
    }

    private mutating func varint() -> UInt64? {
        var value: UInt64 = 0
        for shift in stride(from: UInt64(0), through: 63, by: 7) {
            guard let byte = rest.popFirst() else { return nil }
            value |= UInt64(byte & 0x7F) << shift
            if byte < 0x80 { return value }
        }
        return nil
    }
}
