/// Reads a table in the form of RFC 4180, a row at a time: fields between commas, lines that end in LF, CRLF or CR, and quoted
/// fields, in which commas, line ends and doubled quotes may stand. A byte order mark is passed over, as are empty lines.
///
/// Memory grows with the longest row, which is bounded.
final class CSVReader {
    /// What separates fields.
    private let separator: UInt8
    private let stream: ByteStream
    private var bytes: [UInt8] = []
    private var next = 0
    /// The line on which the row that was read last began, counted from 1.
    private(set) var line = 0
    private var linesRead = 0
    private var isAtEnd = false

    static let mostFields = 1 << 16
    private static let mostBytes = 1 << 22
    private static let block = 1 << 16

    /// `separator`: a comma; a semicolon or a tab in the tables of some programs.
    init(_ stream: ByteStream, separator: Character = ",") throws(ImportError) {
        self.stream = stream
        self.separator = separator.asciiValue ?? UInt8(ascii: ",")
        try refill()
        if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { next = 3 }
    }

    /// Names the table in errors.
    var place: String { stream.place }

    /// Replaces `fields` by those of the next row. False at the end.
    func read(_ fields: inout [String]) throws(ImportError) -> Bool {
        fields.removeAll(keepingCapacity: true)
        while let byte = try peek(), Self.isLineEnd(byte) { try endLine() }
        guard try peek() != nil else { return false }
        line = linesRead + 1
        var size = 0
        while true {
            let field = try field()
            size += field.utf8.count + 1
            fields.append(field)
            guard fields.count <= Self.mostFields, size <= Self.mostBytes else {
                throw .badLine(
                    place, line: line,
                    reason: "it has more than \(Self.mostFields) columns or \(Self.mostBytes >> 20) MiB")
            }
            guard try peek() == separator else { break }
            next += 1
        }
        if try peek() != nil { try endLine() }
        return true
    }

    private func field() throws(ImportError) -> String {
        var text: [UInt8] = []
        guard try peek() == UInt8(ascii: "\"") else {
            while let byte = try peek(), byte != separator, !Self.isLineEnd(byte) { try append(byte, to: &text) }
            return String(decoding: text, as: UTF8.self)
        }
        next += 1
        while true {
            guard let byte = try peek() else {
                throw .badLine(place, line: line, reason: "a quote is opened and not closed")
            }
            guard byte == UInt8(ascii: "\"") else {
                if byte == UInt8(ascii: "\n") { linesRead += 1 }
                try append(byte, to: &text)
                continue
            }
            next += 1
            guard try peek() == byte else { break }
            try append(byte, to: &text)
        }
        if let byte = try peek(), byte != separator, !Self.isLineEnd(byte) {
            throw .badLine(place, line: line, reason: "text follows a closed quote")
        }
        return String(decoding: text, as: UTF8.self)
    }

    private func append(_ byte: UInt8, to text: inout [UInt8]) throws(ImportError) {
        guard text.count < Self.mostBytes else {
            throw .badLine(place, line: line, reason: "a field has more than \(Self.mostBytes >> 20) MiB")
        }
        text.append(byte)
        next += 1
    }

    private func endLine() throws(ImportError) {
        let byte = try peek()
        next += 1
        if byte == UInt8(ascii: "\r"), try peek() == UInt8(ascii: "\n") { next += 1 }
        linesRead += 1
    }

    private func peek() throws(ImportError) -> UInt8? {
        if next == bytes.count, !isAtEnd { try refill() }
        return next < bytes.count ? bytes[next] : nil
    }

    private func refill() throws(ImportError) {
        try stream.readSome(Self.block, into: &bytes)
        next = 0
        isAtEnd = bytes.isEmpty
    }

    private static func isLineEnd(_ byte: UInt8) -> Bool { byte == UInt8(ascii: "\n") || byte == UInt8(ascii: "\r") }
}
