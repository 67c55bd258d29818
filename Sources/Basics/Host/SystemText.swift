import Glibc

/// What Linux tells in a text file of /proc or /sys.
package struct SystemText {
    package let text: String

    /// Nil where there is no such file, or one that is no text.
    package init?(_ path: String) {
        let file = open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { return nil }
        defer { close(file) }
        // These files have no size, and the kernel gives them page by page.
        var bytes: [UInt8] = []
        var part = [UInt8](repeating: 0, count: 1 << 14)
        while true {
            let count = read(file, &part, part.count)
            if count == 0 { break }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { return nil }
            bytes += part.prefix(count)
        }
        guard let text = String(validating: bytes, as: UTF8.self) else { return nil }
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
