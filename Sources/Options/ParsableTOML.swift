import Basics

/// Refuses texts that the TOML parser does not refuse, as it should: it takes a zero byte for the end, and breaks off the process
/// at a group whose name does not begin as one, and where neither a value of a list nor the list's end follows: `[1, }`.
struct ParsableTOML {
    private enum Place {
        case lineBegins, afterBracket, afterTwo
        /// Behind `[` or `,`, with nothing but blanks, line ends and comments in between.
        case valueBegins
        case inLine
    }

    private let bytes: [UInt8]
    private let file: String
    private var next = 0
    private var line = 1
    private var place = Place.lineBegins
    private var group = ""
    private var lines: [String: Int] = [:]

    /// The line on which each group and each key stands, by `group` and `group.key`. `file` names the text in errors.
    static func lines(of text: String, file: String) throws(OptionError) -> [String: Int] {
        let byteOrderMark = "\u{feff}".utf8
        let start = text.utf8.starts(with: byteOrderMark) ? byteOrderMark.count : 0
        var scan = ParsableTOML(bytes: Array(text.utf8.dropFirst(start)), file: file)
        try scan.run()
        return scan.lines
    }

    private init(bytes: [UInt8], file: String) { (self.bytes, self.file) = (bytes, file) }

    private mutating func run() throws(OptionError) {
        if bytes.contains(0) {
            line += bytes.prefix { $0 != 0 }.count { $0 == UInt8(ascii: "\n") }
            throw refusal("it has a zero byte")
        }
        while next < bytes.count {
            let character = Character(UnicodeScalar(bytes[next]))
            if place == .lineBegins, !character.isWhitespace { note(character) }
            try requireName(character)
            switch character {
            case "#": skipComment()
            case "\"", "'": skipText(character)
            default: try pass(character)
            }
        }
    }

    /// Notes the group or the key that a line begins with.
    private mutating func note(_ character: Character) {
        let text = bytes[next...].prefix {
            $0 != UInt8(ascii: character == "[" ? "]" : "=") && $0 != UInt8(ascii: "\n")
        }
        let name = String(decoding: text, as: UTF8.self).filter { !" \t\r[\"'".contains($0) }
        if character == "[" { group = name }
        let path = character == "[" || group.isEmpty ? name : "\(group).\(name)"
        lines[path] = lines[path] ?? line
    }

    /// Behind the brackets of a group.
    private func requireName(_ character: Character) throws(OptionError) {
        guard place == .afterBracket && character != "[" || place == .afterTwo, character != " ", character != "\t"
        else {
            return
        }
        guard character.isASCII, character.isLetter || character.isNumber || "_-\"']".contains(character) else {
            throw refusal("a group's name does not begin with a letter")
        }
    }

    private mutating func pass(_ character: Character) throws(OptionError) {
        next += 1
        if character == "\n" { line += 1 }
        switch (place, character) {
        case (_, " "), (_, "\t"), (.valueBegins, "\n"), (.valueBegins, "\r"): break
        case (.valueBegins, "}"): throw refusal("a value is missing before }")
        case (.valueBegins, _) where !character.isASCII: throw refusal("a value begins with no letter of ASCII")
        case (.lineBegins, "["): place = .afterBracket
        case (.afterBracket, "["): place = .afterTwo
        case (_, "["), (_, ","): place = .valueBegins
        case (_, "\n"), (_, "\r"): place = .lineBegins
        default: place = .inLine
        }
    }

    /// Up to the end of its line.
    private mutating func skipComment() {
        while next < bytes.count, bytes[next] != UInt8(ascii: "\n") { next += 1 }
    }

    /// A text in quotes, which three quotes let go over several lines.
    private mutating func skipText(_ quote: Character) {
        place = .inLine
        let opening = quotes(quote)
        next += min(opening, 3)
        guard opening != 2 else { return }
        let isLong = opening > 2
        while next < bytes.count {
            let count = quotes(quote)
            if count >= (isLong ? 3 : 1) {
                // Two more than three still belong to the text.
                next += isLong ? min(count, 5) : 1
                return
            }
            if bytes[next] == UInt8(ascii: "\n") {
                guard isLong else { return }
                line += 1
            }
            let isEscape = quote == "\"" && bytes[next] == UInt8(ascii: "\\") && next + 1 < bytes.count
            next += isEscape && bytes[next + 1] != UInt8(ascii: "\n") ? 2 : 1
        }
    }

    /// How many quotes follow.
    private func quotes(_ quote: Character) -> Int { bytes[next...].prefix { $0 == quote.asciiValue }.count }

    private func refusal(_ reason: String) -> OptionError {
        OptionError("config", "\(file) is not TOML: line \(line): \(reason)")
    }
}
