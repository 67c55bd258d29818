/// Names of layers for files that Keras 3 opens: it has no names with a slash, older ones have.
package struct KerasLayerNames {
    private var plain: [String: String] = [:]

    /// Of all layers of a model. A slash becomes an underscore, and what then is a name of another layer gets more of them.
    package init(_ names: [String]) {
        var taken = Set(names)
        for name in names where name.utf8.contains(UInt8(ascii: "/")) && plain[name] == nil {
            var new = String(name.map { $0 == "/" ? "_" : $0 })
            while !taken.insert(new).inserted { new += "_" }
            plain[name] = new
        }
    }

    package subscript(name: String) -> String { plain[name] ?? name }

    /// The names that change, with what they become.
    package var changes: [(from: String, to: String)] { plain.sorted { $0.key < $1.key }.map { ($0.key, $0.value) } }
}
