import Basics
import Models

/// A function of TensorFlow between the layers of a model that tf_keras wrote: `tf.nn.relu(x)`, `x * 2`, `x[:, 1:]`. It is read as
/// the operation or layer of Keras 3 that computes the same.
package struct TensorFlowFunction {
    static let kerasClasses = ["TFOpLambda", "SlicingOpLambda"]

    /// What Keras 3 has instead.
    enum Counterpart {
        case operation(String, options: [String: JSONValue] = [:], [JSONValue])
        /// It is given what the function is given first.
        case layer(String, options: [String: JSONValue] = [:])
    }

    typealias Reader = @Sendable (inout TensorFlowFunction) throws(LayerError) -> Counterpart

    /// Without its module.
    private let name: String
    /// The first argument: a tensor or a list of them, as Keras 3 writes them, or a constant.
    let first: JSONValue
    /// All others by name, until they are read.
    private var arguments: [String: JSONValue]

    /// The layer as Keras 3 would have it; nil if it is no function of TensorFlow.
    package static func translated(_ layer: JSONValue) throws(LayerError) -> JSONValue? {
        guard let kerasClass = layer["class_name"]?.string, kerasClasses.contains(kerasClass) else { return nil }
        let function = layer["config"]?["function"]?.string ?? "?"
        let (module, name) = parts(of: function)
        guard modules.contains(module), let read = readers[name] else {
            let known = readers.keys.sorted().joined(separator: ", ")
            throw LayerError("the function tf.\(function) is not supported between layers; those that are: \(known)")
        }
        guard let calls = layer["inbound_nodes"]?.array, calls.count == 1 else {
            throw LayerError("the function tf.\(function) must be called once")
        }
        var call = TensorFlowFunction(name, calls[0])
        let counterpart = try read(&call)
        try call.finish()
        let title = layer["name"] ?? layer["config"]?["name"] ?? .null
        switch counterpart {
        case .operation(let kerasClass, let options, let arguments):
            return [
                "class_name": .string(kerasClass), "name": title,
                "config": .object(options.merging(["name": title]) { own, _ in own }),
                "inbound_nodes": [["args": .array(arguments), "kwargs": [:]]],
            ]
        case .layer(let kerasClass, let options):
            let tensors = KerasArguments.tensors(in: call.first)
            guard tensors.count == (KerasArguments.history(of: call.first) == nil ? call.first.array?.count : 1) else {
                throw LayerError("the function \(name) of a constant is not supported")
            }
            return [
                "class_name": .string(kerasClass), "name": title,
                "config": .object(options.merging(["name": title]) { own, _ in own }),
                "inbound_nodes": [.array(tensors)],
            ]
        }
    }

    /// Where TensorFlow keeps functions of dense tensors.
    private static let modules: Set<String> = [
        "", "math", "nn", "linalg", "image", "__operators__", "compat.v1", "compat.v1.math", "compat.v1.nn",
    ]

    private static func parts(of function: String) -> (module: String, name: String) {
        guard let point = function.lastIndex(of: ".") else { return ("", function) }
        return (String(function[..<point]), String(function[function.index(after: point)...]))
    }

    /// A call: `["conv2d", 0, 0, {...}]`, a list of these, or `["_CONSTANT_VALUE", -1, 2.0, {...}]`.
    private init(_ name: String, _ call: JSONValue) {
        self.name = name
        var named: [String: JSONValue] = [:]
        first = Self.value(call, &named)
        arguments = named.mapValues { value in
            var none: [String: JSONValue] = [:]
            return Self.value(value, &none)
        }
        arguments["name"] = nil
    }

    /// With tensors as Keras 3 writes them. `named` gets the arguments that stand with a tensor.
    private static func value(_ value: JSONValue, _ named: inout [String: JSONValue]) -> JSONValue {
        guard let parts = value.array else { return value }
        if parts.count >= 3, let source = parts[0].string, parts[1].integer != nil {
            if let arguments = parts.dropFirst(3).first?.object { named.merge(arguments) { first, _ in first } }
            if source == "_CONSTANT_VALUE" { return parts[2] }
            if parts[2].integer != nil { return KerasArguments.tensor(.array(Array(parts.prefix(3))), shape: []) }
        }
        return .array(parts.map { Self.value($0, &named) })
    }

    // MARK: Arguments

    /// Takes one out; null where it is not given.
    mutating func take(_ name: String) -> JSONValue { arguments.removeValue(forKey: name) ?? .null }

    /// The same of one that has a default.
    mutating func take(_ name: String, default fallback: JSONValue) -> JSONValue {
        let value = take(name)
        return value == .null ? fallback : value
    }

    /// False where nothing is said.
    mutating func takeFlag(_ name: String) throws(LayerError) -> Bool {
        switch take(name) {
        case .null: false
        case .bool(let flag): flag
        case let value: throw unsupported(name, value)
        }
    }

    /// Refuses every value but `accepted`, in capital or small letters.
    mutating func require(_ name: String, _ accepted: JSONValue) throws(LayerError) {
        let value = take(name, default: accepted)
        let isEqual =
            value == accepted || (value.number != nil && value.number == accepted.number)
            || (value.string != nil && value.string?.lowercased() == accepted.string?.lowercased())
        guard isEqual else { throw unsupported(name, value) }
    }

    /// Refuses what nobody took, unless it is switched off.
    private func finish() throws(LayerError) {
        let unread = arguments.filter { $0.value != .null && $0.value != .bool(false) }
        guard let (name, value) = unread.min(by: { $0.key < $1.key }) else { return }
        throw unsupported(name, value)
    }

    func unsupported(_ argument: String, _ value: JSONValue) -> LayerError {
        LayerError("the function \(name) with \(argument) = \(KerasArguments.brief(value)) is not supported")
    }
}
