import Basics

/// A table as a file of text: a row a line, with fields between commas, semicolons or tabs (`CSVReader`). What separates
/// fields is told from the first line. That line has the columns' names, unless all its fields are numbers.
struct TableFile {
    let path: String
    let columns: [String]
    /// Whether the first line is a row of values. The columns are then called 1, 2, ...
    let isWithoutNames: Bool
    private let separator: Character

    private static let separators: [Character] = [",", ";", "\t"]

    init(_ path: String) throws(ImportError) {
        let first = try Self.first(path)
        self.path = path
        separator = first.separator
        let names = first.fields.map(TableValue.trimmed)
        isWithoutNames = names.allSatisfy { TableValue($0, decimalComma: first.separator != ",").number != nil }
        columns = isWithoutNames ? names.indices.map { String($0 + 1) } : names
        if let empty = columns.firstIndex(of: "") {
            throw .badLine(path, line: 1, reason: "column \(empty + 1) has no name; name it, or remove it")
        }
        var seen: Set<String> = []
        for name in columns where !seen.insert(name).inserted {
            throw .badLine(path, line: 1, reason: "two columns are called \(name); rename one of them")
        }
    }

    /// The fields of the first row, by the separator that makes most of them. One with which the row cannot be read is none.
    private static func first(_ path: String) throws(ImportError) -> (fields: [String], separator: Character) {
        var found: (fields: [String], separator: Character) = ([], ",")
        var failure: ImportError?
        for separator in separators {
            var fields: [String] = []
            do throws(ImportError) {
                guard try reader(path, separator).read(&fields) else {
                    throw .unreadable(path, reason: "it is an empty table")
                }
            } catch {
                failure = failure ?? error
                continue
            }
            if fields.count > found.fields.count { found = (fields, separator) }
        }
        if found.fields.isEmpty, let failure { throw failure }
        return found
    }

    /// The place of a column. `option` asks for it.
    func column(_ name: String, option: String) throws(ImportError) -> Int {
        guard let place = columns.firstIndex(of: name) else {
            throw .badOption(
                option,
                reason: "\(path) has no column '\(name)'\(suggestion(for: name, among: columns)); its columns are "
                    + columns.listed(atMost: 20))
        }
        return place
    }

    /// Begins to read the rows of values.
    func rows() throws(ImportError) -> Rows { try Rows(self) }

    private static func reader(_ path: String, _ separator: Character) throws(ImportError) -> CSVReader {
        try CSVReader(ByteStream(FileSource(path)), separator: separator)
    }

    /// Rows of values, one after the other. All have as many fields as there are columns.
    final class Rows {
        private let file: TableFile
        private let reader: CSVReader
        private var fields: [String] = []

        fileprivate init(_ file: TableFile) throws(ImportError) {
            self.file = file
            reader = try TableFile.reader(file.path, file.separator)
            if !file.isWithoutNames { _ = try reader.read(&fields) }
        }

        /// The line on which the row that was read last began.
        var line: Int { reader.line }

        /// Whether there is another row.
        func next() throws(ImportError) -> Bool {
            guard try reader.read(&fields) else { return false }
            guard fields.count == file.columns.count else {
                let counts =
                    "\(Figures.count(fields.count, "field")) in a table of \(Figures.count(file.columns.count, "column"))"
                throw .badLine(file.path, line: line, reason: "it has \(counts)")
            }
            return true
        }

        /// A value of the row, which must not be missing.
        func value(_ column: Int) throws(ImportError) -> TableValue {
            let value = TableValue(fields[column], decimalComma: file.separator != ",")
            guard !value.isMissing else {
                throw .badLine(
                    file.path, line: line,
                    reason:
                        "column \(file.columns[column]) has no value ('\(value.text)'); fill it in, or remove the row or the "
                        + "column")
            }
            return value
        }

        func number(_ column: Int, remedy: String) throws(ImportError) -> Double {
            let value = try value(column)
            guard let number = value.number else {
                throw .badLine(
                    file.path, line: line,
                    reason: "column \(file.columns[column]): '\(value.text.prefix(40))' is no number; \(remedy)")
            }
            return number
        }
    }
}

/// A field of a table.
struct TableValue {
    let text: String
    /// Finite in single precision; nil for anything else.
    let number: Double?

    private static let missing: Set<String> = ["", "na", "n/a", "nan", "null", "none", "nil", "?", "-"]

    /// `decimalComma`: where commas do not separate fields, 3,14 is a number too.
    init(_ field: String, decimalComma: Bool) {
        text = Self.trimmed(field)
        var digits = text
        if decimalComma, let comma = text.firstIndex(of: ","), !text.contains("."), text.lastIndex(of: ",") == comma {
            digits.replaceSubrange(comma...comma, with: ".")
        }
        // Double also reads hexadecimal digits, infinity and nan, which no table means.
        let isDecimal = digits.utf8.allSatisfy { (0x30...0x39).contains($0) || "+-.eE".utf8.contains($0) }
        number = isDecimal ? Double(digits).flatMap { Float($0).isFinite ? $0 : nil } : nil
    }

    var isMissing: Bool { Self.missing.contains(text.lowercased()) }

    static func trimmed(_ field: String) -> String {
        let spaces: Set<Character> = [" ", "\t"]
        return String(field.drop { spaces.contains($0) }.reversed().drop { spaces.contains($0) }.reversed())
    }
}
