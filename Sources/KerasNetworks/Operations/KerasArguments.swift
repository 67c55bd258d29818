import Basics
import Models

/// What Keras 3 writes of a call: `{"args": [...], "kwargs": {...}}`, with tensors and constants at any depth of lists.
enum KerasArguments {
    /// The module of an operation; nil for layers. Keras 3's `.h5` files have no modules, but only layers say whether they train.
    static func module(of layer: JSONValue) -> String? {
        if let module = layer["module"]?.string { return module.hasPrefix("keras.src.ops.") ? module : nil }
        guard let name = layer["class_name"]?.string, layer["config"]?["trainable"] == nil,
            layer["inbound_nodes"]?.array?.first?["args"] != nil
        else { return nil }
        return KerasOperation.usualModule(of: name)
    }

    /// The histories of the tensors, `["conv2d", 0, 0]`, in the order in which they are written.
    static func tensors(in arguments: JSONValue) -> [JSONValue] {
        if let list = arguments.array { return list.flatMap(tensors(in:)) }
        if let history = history(of: arguments) { return [history] }
        return arguments["args"] == nil ? [] : parts(of: arguments).flatMap(tensors(in:))
    }

    /// The tensors of a call that gives them one by one, by position or by name; `names` are in the order of positions. Keras 2 has
    /// the first as a tensor, and the others among the arguments. Refuses other arguments that say something.
    static func tensors(in call: JSONValue, named names: [String]) throws(LayerError) -> [JSONValue] {
        let older = call.array?.first?.array
        var named = (older.map { $0.dropFirst(3).first ?? .null } ?? call["kwargs"] ?? .null).object ?? [:]
        var found: [JSONValue] = older.map { [.array(Array($0.prefix(3)))] } ?? tensors(in: call["args"] ?? .null)
        for name in names.dropFirst(found.count) {
            guard let value = named.removeValue(forKey: name), value != .null else { break }
            guard let tensor = older == nil ? history(of: value) : value else {
                throw LayerError("the argument \(name) of a call is no tensor of the model")
            }
            found.append(tensor)
        }
        let saying = named.filter { !["training"].contains($0.key) && $0.value != .null && $0.value != .bool(false) }
        if let argument = saying.keys.min() {
            throw LayerError("a call has the argument \(argument), which is not supported")
        }
        return found
    }

    /// Such a call as Keras 3 writes it.
    static func call(_ tensors: [(JSONValue, shape: [Int])], _ arguments: JSONValue) -> JSONValue {
        ["args": .array(tensors.map { tensor($0.0, shape: $0.shape) }), "kwargs": arguments]
    }

    /// The same of Keras 2.
    static func call(_ tensors: [JSONValue], _ names: [String], _ arguments: JSONValue) -> JSONValue {
        var named = arguments.object ?? [:]
        for (name, tensor) in zip(names, tensors).dropFirst() { named[name] = tensor }
        return [.array((tensors[0].array ?? []) + [.object(named)])]
    }

    /// The same call with other tensors, in the same order.
    static func replacing(_ arguments: JSONValue, by tensors: inout ArraySlice<JSONValue>) -> JSONValue {
        if let list = arguments.array { return .array(list.map { replacing($0, by: &tensors) }) }
        if history(of: arguments) != nil { return tensors.popFirst() ?? arguments }
        guard let positional = arguments["args"] else { return arguments }
        var named = arguments["kwargs"]?.object ?? [:]
        let replaced = replacing(positional, by: &tensors)
        for name in named.keys.sorted() { named[name] = replacing(named[name] ?? .null, by: &tensors) }
        return ["args": replaced, "kwargs": .object(named)]
    }

    /// Positional arguments, then named ones by name.
    static func parts(of call: JSONValue) -> [JSONValue] {
        (call["args"]?.array ?? [])
            + (call["kwargs"]?.object ?? [:]).sorted { $0.key < $1.key }.map(\.value)
    }

    /// Nil for what is no tensor of the model.
    static func history(of argument: JSONValue) -> JSONValue? {
        argument["class_name"]?.string == "__keras_tensor__" ? argument["config"]?["keras_history"] : nil
    }

    static func tensor(_ history: JSONValue, shape: [Int]) -> JSONValue {
        [
            "class_name": "__keras_tensor__",
            "config": [
                "shape": .array([nil] + shape.map { .integer($0) }), "dtype": "float32", "keras_history": history,
            ],
        ]
    }
}
