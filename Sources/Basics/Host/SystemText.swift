import FoundationEssentials

/// What Linux tells in a text file of /proc or /sys.
package struct SystemText {
    package let text: String

    /// Nil where there is no such file.
    package init?(_ path: String) {
        guard let text = try? String(contentsOfFile: path, encoding: .utf8) else { return nil }
        self.text = text
    }

    /// The first word behind `key`, which begins a line.
    package func word(after key: String) -> Substring? {
        let line = text.split(separator: "\n").first { $0.hasPrefix(key) }
        return line?.dropFirst(key.count).split(whereSeparator: \.isWhitespace).first
    }

    package func number(after key: String) -> Int? { word(after: key).flatMap { Int($0) } }

    /// Of a file that holds one number and nothing else.
    package var number: Int? {
        let lines = text.split(whereSeparator: \.isNewline)
        return lines.count == 1 ? Int(lines[0]) : nil
    }
}
