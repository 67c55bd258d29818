/// A line of fields that gives up the least important ones where it does not fit.
struct FittedLine {
    /// Forms from the longest to the shortest, each with what it takes to give it up; nothing is left behind the last one.
    private typealias Field = [(text: String, importance: Int)]

    private var fields: [Field] = []

    /// A field that stays whatever the width.
    mutating func add(_ text: String) { add(text, importance: .max) }

    /// A field that is left out before all that are more important.
    mutating func add(_ text: String, importance: Int) { fields.append([(text, importance)]) }

    /// A field with shorter forms: it takes the shortest of them before any other field is left out.
    mutating func add(forms: [String], importance: Int) {
        fields.append(forms.enumerated().map { ($1, $0 + 1 < forms.count ? 0 : importance) })
    }

    /// With everything.
    var text: String { fields.map { $0[0].text }.joined() }

    /// At most `width` characters.
    func fitted(to width: Int) -> String {
        var rest = fields.map { $0[...] }
        var length = text.count
        while length > width {
            let given = rest.indices.filter { rest[$0].first.map { $0.importance < .max } ?? false }
            guard
                let least = given.min(by: { (rest[$0].first?.importance ?? 0) < (rest[$1].first?.importance ?? 0) }),
                let form = rest[least].popFirst()
            else { break }
            length += (rest[least].first?.text.count ?? 0) - form.text.count
        }
        return String(rest.map { $0.first?.text ?? "" }.joined().prefix(max(0, width)))
    }
}
