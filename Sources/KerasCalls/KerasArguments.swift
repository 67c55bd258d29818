import Basics

/// What Keras 3 writes of a call: `{"args": [...], "kwargs": {...}}`, with tensors and constants at any depth of lists.
package enum KerasArguments {
    /// The histories of the tensors, `["conv2d", 0, 0]`, in the order in which they are written.
    package static func tensors(in arguments: JSONValue) -> [JSONValue] {
        if let list = arguments.array { return list.flatMap(tensors(in:)) }
        if let history = history(of: arguments) { return [history] }
        return arguments["args"] == nil ? [] : parts(of: arguments).flatMap(tensors(in:))
    }

    /// A call that gives its tensors one by one, as Keras 3 writes it: by position as far as they are those that come first.
    package static func call(
        _ tensors: [(JSONValue, shape: [Int])], _ names: [String], positions: [String], _ arguments: JSONValue
    ) -> JSONValue {
        let described = tensors.map { tensor($0.0, shape: $0.shape) }
        let ordered = zip(names, positions).prefix { $0 == $1 }.count
        let named = Dictionary(zip(names, described).dropFirst(ordered)) { first, _ in first }
        return [
            "args": .array(Array(described.prefix(ordered))),
            "kwargs": .object((arguments.object ?? [:]).merging(named) { first, _ in first }),
        ]
    }

    /// The same of Keras 2.
    package static func call(_ tensors: [JSONValue], _ names: [String], _ arguments: JSONValue) -> JSONValue {
        var named = arguments.object ?? [:]
        for (name, tensor) in zip(names, tensors).dropFirst() { named[name] = tensor }
        return [.array((tensors[0].array ?? []) + [.object(named)])]
    }

    /// The same call with other tensors, in the same order.
    package static func replacing(_ arguments: JSONValue, by tensors: inout ArraySlice<JSONValue>) -> JSONValue {
        if let list = arguments.array { return .array(list.map { replacing($0, by: &tensors) }) }
        if history(of: arguments) != nil { return tensors.popFirst() ?? arguments }
        guard let positional = arguments["args"] else { return arguments }
        var named = arguments["kwargs"]?.object ?? [:]
        let replaced = replacing(positional, by: &tensors)
        for name in named.keys.sorted() { named[name] = replacing(named[name] ?? .null, by: &tensors) }
        return ["args": replaced, "kwargs": .object(named)]
    }

    /// The parts of `x[..., 0]` or `x[...]`, of which there are `count`, with `:` in the place of `...`. Keras's `.h5` files cannot
    /// have it.
    package static func withoutEllipsis(_ arguments: JSONValue, count: Int) -> JSONValue {
        if isEllipsis(arguments) { return .array([JSONValue](repeating: everything, count: count)) }
        if let positional = arguments["args"] {
            let named = (arguments["kwargs"]?.object ?? [:]).mapValues { withoutEllipsis($0, count: count) }
            let parts = (positional.array ?? []).map { withoutEllipsis($0, count: count) }
            return ["args": .array(parts), "kwargs": .object(named)]
        }
        guard var parts = arguments.array, let place = parts.firstIndex(where: isEllipsis) else { return arguments }
        parts.replaceSubrange(
            place...place, with: [JSONValue](repeating: everything, count: max(0, count - parts.count + 1)))
        return .array(parts)
    }

    package static func isEllipsis(_ part: JSONValue) -> Bool { part["class_name"]?.string == "__ellipsis__" }

    /// `:`.
    package static let everything: JSONValue = [
        "class_name": "__slice__", "config": ["start": nil, "stop": nil, "step": nil],
    ]

    /// Positional arguments, then named ones by name.
    package static func parts(of call: JSONValue) -> [JSONValue] {
        (call["args"]?.array ?? [])
            + (call["kwargs"]?.object ?? [:]).sorted { $0.key < $1.key }.map(\.value)
    }

    /// As errors name it: of a constant of thousands of numbers the first ones.
    package static func brief(_ value: JSONValue) -> String {
        let text = (try? value.text()) ?? "?"
        return text.count > 96 ? "\(text.prefix(96))..." : text
    }

    /// Nil for what is no tensor of the model.
    package static func history(of argument: JSONValue) -> JSONValue? {
        argument["class_name"]?.string == "__keras_tensor__" ? argument["config"]?["keras_history"] : nil
    }

    package static func tensor(_ history: JSONValue, shape: [Int]) -> JSONValue {
        [
            "class_name": "__keras_tensor__",
            "config": [
                "shape": .array([nil] + shape.map { .integer($0) }), "dtype": "float32", "keras_history": history,
            ],
        ]
    }
}
