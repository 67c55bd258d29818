/// The form in which options with several settings are written: `name:key=value,key=value`, or the settings alone.
///
/// Readers `take` what they know; `finish` refuses what is left.
package struct CompactText {
    let option: String
    /// The part ahead of the colon; empty in a text that has settings only.
    package let name: String
    private var settings: [(key: String, value: String)] = []
    private var known: [String] = []
    private let grammar: String

    package init(_ text: String, option: String, named: Bool, grammar: String) throws {
        self.option = option
        self.grammar = grammar
        var rest = Substring(text.filter { $0 != " " })
        if named {
            let parts = rest.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
            name = String(parts.first ?? "")
            rest = parts.count > 1 ? parts[1] : ""
        } else {
            name = ""
        }
        for part in rest.split(separator: ",") {
            let pair = part.split(separator: "=", maxSplits: 1)
            guard pair.count == 2 else { throw problem("'\(part)' is not of the form key=value") }
            let key = String(pair[0])
            guard !settings.contains(where: { $0.key == key }) else { throw problem("\(key) is given twice") }
            settings.append((key, String(pair[1])))
        }
    }

    package func problem(_ what: String) -> OptionError {
        OptionError(option, "\(what); expected \(grammar)")
    }

    package mutating func take(_ key: String) -> String? {
        known.append(key)
        guard let index = settings.firstIndex(where: { $0.key == key }) else { return nil }
        return settings.remove(at: index).value
    }

    /// A setting of a type that reads itself from text, in the range that makes sense for it.
    package mutating func take<Value: LosslessStringConvertible>(
        _ key: String, _ kind: String, where valid: (Value) -> Bool = { _ in true }
    ) throws -> Value? {
        guard let text = take(key) else { return nil }
        guard let value = Value(text), valid(value) else { throw problem("\(key)=\(text) is not \(kind)") }
        return value
    }

    package mutating func require<Value: LosslessStringConvertible>(
        _ key: String, _ kind: String, where valid: (Value) -> Bool = { _ in true }
    ) throws -> Value {
        guard let value: Value = try take(key, kind, where: valid) else { throw problem("\(key) is missing") }
        return value
    }

    package func finish() throws {
        guard let stranger = settings.first else { return }
        throw problem("unknown setting \(stranger.key)\(suggestion(for: stranger.key, among: known))")
    }
}

/// ` (did you mean X?)` where a known name is near, else nothing; with `atMost` 3 ` (did you mean X, Y or Z?)`. Of several
/// names those are near too that begin as the name.
package func suggestion(for name: String, among known: [String], atMost most: Int = 1) -> String {
    let nearest = known.map { (name: $0, distance: editDistance(name, $0, orItsBeginning: most > 1)) }
        .sorted { ($0.distance, $0.name) < ($1.distance, $1.name) }
    guard let first = nearest.first, first.distance <= max(2, name.count / 3) else { return "" }
    return " (did you mean \(nearest.prefix(most).map(\.name).listed("or"))?)"
}

/// Levenshtein's distance: insertions, deletions and replacements from one word to the other. The beginning of `b` may count
/// instead, at the cost of one more.
func editDistance(_ a: String, _ b: String, orItsBeginning: Bool = false) -> Int {
    let target = Array(b)
    var row = Array(0...target.count)
    for (i, letter) in a.enumerated() {
        var diagonal = row[0]
        row[0] = i + 1
        for (j, other) in target.enumerated() {
            let replaced = diagonal + (letter == other ? 0 : 1)
            diagonal = row[j + 1]
            row[j + 1] = min(replaced, row[j] + 1, row[j + 1] + 1)
        }
    }
    return orItsBeginning ? row.reduce(row[target.count]) { min($0, $1 + 1) } : row[target.count]
}
