/// One JSON object in one line, its members in the order of their coming: what logs and traces are made of.
package struct JSONLine {
    private var members = ""

    package init() {}

    package mutating func add(_ name: String, _ value: Int) { append(name, "\(value)") }
    package mutating func add(_ name: String, _ value: Bool) { append(name, "\(value)") }
    package mutating func add(_ name: String, _ value: String) { append(name, JSONValue.quoted(value)) }
    package mutating func add(_ name: String, _ value: JSONLine) { append(name, value.text) }

    /// A value that is missing leaves no trace; one that is not finite is null.
    package mutating func add<Number: BinaryFloatingPoint & LosslessStringConvertible>(
        _ name: String, _ value: Number?
    ) {
        guard let value else { return }
        append(name, value.isFinite ? value.description : "null")
    }

    private mutating func append(_ name: String, _ value: String) {
        members += "\(members.isEmpty ? "" : ",")\(JSONValue.quoted(name)):\(value)"
    }

    /// Without a line feed.
    package var text: String { "{\(members)}" }
}
