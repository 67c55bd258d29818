/// The regular files of a tar archive, plain or gzipped, in memory.
///
/// POSIX ustar with the two ways of writing long names that are in use: GNU's `L` entries and pax's `path` records
/// (POSIX.1-2001, "pax Interchange Format").
struct TarArchive {
    private static let blockSize = 512

    /// By name within the archive.
    private(set) var files: [String: [UInt8]] = [:]
    /// The names of all regular files, kept or not.
    private(set) var names: [String] = []

    /// Reads the archive to its end and keeps the files whose name `isWanted`.
    init(_ stream: ByteStream, keeping isWanted: (String) -> Bool) throws(ImportError) {
        var longName: String?
        while let header = try Self.nextHeader(stream) {
            switch header.kind {
            case "L":
                longName = Self.text(try Self.content(header, stream)[...])
            case "x":
                longName = Self.paxPath(try Self.content(header, stream)) ?? longName
            case "0", "\0", "7":
                let name = longName ?? header.name
                names.append(name)
                if isWanted(name) {
                    files[name] = try Self.content(header, stream)
                } else {
                    try Self.skip(header, stream)
                }
                longName = nil
            default:
                try Self.skip(header, stream)
                longName = nil
            }
        }
        try stream.skipToEnd()
    }

    /// Whether the stream's first block, which this reads, is a tar header.
    static func begins(_ stream: ByteStream) throws(ImportError) -> Bool {
        var block = [UInt8](repeating: 0, count: blockSize)
        let got = try stream.read(blockSize, into: &block)
        return got == blockSize && hasChecksum(block)
    }

    private struct Header {
        var name: String
        var size: Int
        var kind: Character
    }

    /// Nil at the end: a block of zeros, or the end of the file where that block was left out.
    private static func nextHeader(_ stream: ByteStream) throws(ImportError) -> Header? {
        var block = [UInt8](repeating: 0, count: blockSize)
        let start = stream.position
        let got = try stream.read(blockSize, into: &block)
        if got == 0 || (got == blockSize && block.allSatisfy { $0 == 0 }) { return nil }
        guard got == blockSize else {
            throw .wrongSize(stream.path, expected: start + blockSize, actual: stream.position)
        }
        guard hasChecksum(block), let size = number(block[124..<136]) else {
            throw .damaged(stream.path, reason: "there is no tar header at byte \(start)")
        }
        let name = text(block[0..<100])
        let prefix = text(block[257..<262]) == "ustar" && block[262] == 0 ? text(block[345..<500]) : ""
        return Header(
            name: prefix.isEmpty ? name : prefix + "/" + name, size: size, kind: Character(Unicode.Scalar(block[156])))
    }

    private static func content(_ header: Header, _ stream: ByteStream) throws(ImportError) -> [UInt8] {
        let bytes = try stream.bytes(header.size)
        _ = try stream.bytes(padding(header))
        return bytes
    }

    private static func skip(_ header: Header, _ stream: ByteStream) throws(ImportError) {
        var left = header.size
        while left > 0 {
            let piece = min(left, 1 << 20)
            _ = try stream.bytes(piece)
            left -= piece
        }
        _ = try stream.bytes(padding(header))
    }

    private static func padding(_ header: Header) -> Int {
        (blockSize - header.size % blockSize) % blockSize
    }

    /// The sum of the header's bytes, its own field taken as blanks.
    private static func hasChecksum(_ block: [UInt8]) -> Bool {
        let field = 148..<156
        let sum = block.indices.reduce(0) { $0 + (field.contains($1) ? 0x20 : Int(block[$1])) }
        return number(block[field]) == sum
    }

    /// An octal number, or a binary one if the first bit is set (GNU, for large files).
    private static func number(_ field: ArraySlice<UInt8>) -> Int? {
        guard let first = field.first else { return nil }
        if first & 0x80 != 0 {
            let bytes = field.suffix(8)
            guard bytes.first ?? 0 < 0x40 else { return nil }
            return bytes.reduce(0) { $0 << 8 | Int($1) }
        }
        return Int(text(field).filter { $0 != " " }, radix: 8)
    }

    private static func text(_ field: ArraySlice<UInt8>) -> String {
        String(decoding: field.prefix { $0 != 0 }, as: UTF8.self)
    }

    /// The value of the record "<length> path=<value>\n".
    private static func paxPath(_ content: [UInt8]) -> String? {
        String(decoding: content, as: UTF8.self).split(separator: "\n").lazy
            .compactMap { $0.split(separator: " ", maxSplits: 1).last }
            .first { $0.hasPrefix("path=") }
            .map { String($0.dropFirst("path=".count)) }
    }
}
