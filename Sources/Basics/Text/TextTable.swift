/// Rows of text under a header, in columns as wide as their widest cell.
public struct TextTable: Sendable {
    public let header: [String]
    public var rows: [[String]] = []
    /// Columns whose cells stand at the right: numbers.
    public var rightAligned: Set<Int> = []

    public init(header: [String]) { self.header = header }

    public var text: String {
        let widths = header.indices.map { column in
            rows.reduce(header[column].count) { max($0, $1[column].count) }
        }
        let rule = { (left: String, cross: String, right: String, line: String) in
            left + widths.map { String(repeating: line, count: $0 + 2) }.joined(separator: cross) + right
        }
        let lines = rows.map { line($0, widths) }
        return
            ([rule("┌", "┬", "┐", "─"), line(header, widths), rule("├", "┼", "┤", "─")] + lines
            + [rule("└", "┴", "┘", "─")]).joined(separator: "\n")
    }

    private func line(_ cells: [String], _ widths: [Int]) -> String {
        let padded = cells.enumerated().map { column, cell in
            cell.padded(to: widths[column], atStart: rightAligned.contains(column))
        }
        return "│ " + padded.joined(separator: " │ ") + " │"
    }
}

extension String {
    /// With blanks behind it, or at its start, until it is so wide.
    package func padded(to width: Int, atStart: Bool = false) -> String {
        let space = String(repeating: " ", count: max(0, width - count))
        return atStart ? space + self : self + space
    }
}

extension Int {
    /// `1,234,567`
    public var grouped: String {
        var digits = String(magnitude)
        var groups: [Substring] = []
        while digits.count > 3 {
            groups.insert(digits.suffix(3), at: 0)
            digits.removeLast(3)
        }
        return (self < 0 ? "-" : "") + ([Substring(digits)] + groups).joined(separator: ",")
    }
}
