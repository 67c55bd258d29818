import Basics
import KerasCalls
import Models

/// A function of Keras 3 as it stands among a model's layers: `a * 2 + b`, `ops.mean(x)`.
struct KerasOperation {
    enum Operand: Equatable {
        case tensor(Shape)
        /// One number, or one a channel.
        case constant([Float])
    }

    let kerasClass: String
    var options: KerasOptions
    let inputs: [Shape]
    /// As Keras writes them: positional ones, then named ones by name.
    private let arguments: [JSONValue]

    init(_ kerasClass: String, _ configuration: [String: JSONValue], _ arguments: JSONValue, inputs: [Shape]) {
        self.kerasClass = kerasClass
        self.inputs = inputs
        self.arguments = KerasArguments.parts(of: arguments)
        options = KerasOptions(
            kerasClass: kerasClass, configuration: Self.options(configuration, of: kerasClass), inputs: inputs)
    }

    /// Without the name and, where it is no argument of the function, the type of its numbers.
    static func options(_ configuration: [String: JSONValue], of kerasClass: String) -> [String: JSONValue] {
        configuration.filter { $0.key != "name" && ($0.key != "dtype" || kerasClass == "Cast") }
    }

    typealias Reader = @Sendable (inout KerasOperation) throws(LayerError) -> Layer

    /// All there are, by class. Those of a kind are a file.
    private static let readers: [String: Reader] = [
        arithmetic, functions, activations, reductions, rearrangements, windows, products,
    ].reduce(into: [:]) { $0.merge($1) { first, _ in first } }

    /// The module of an operation; nil for layers. Keras 3's `.h5` files have no modules, but only layers say whether they train.
    static func module(of layer: JSONValue) -> String? {
        if let module = layer["module"]?.string { return module.hasPrefix("keras.src.ops.") ? module : nil }
        guard let name = layer["class_name"]?.string, layer["config"]?["trainable"] == nil,
            layer["inbound_nodes"]?.array?.first?["args"] != nil
        else { return nil }
        return usualModule(of: name)
    }

    /// Nil for a class that is not known.
    private static func usualModule(of kerasClass: String) -> String? {
        guard readers[kerasClass] != nil || kerasClass == split else { return nil }
        let name =
            switch kerasClass {
            case "Rsqrt": "math"
            case "Cast": "core"
            case "Resize": "image"
            case "AveragePool", "MaxPool": "nn"
            case _ where activations[kerasClass] != nil: "nn"
            default: "numpy"
            }
        return "keras.src.ops.\(name)"
    }

    mutating func layer() throws(LayerError) -> Layer {
        guard let read = Self.readers[kerasClass] else {
            let known = (Self.readers.keys + [Self.split]).sorted().joined(separator: ", ")
            throw LayerError("the operation \(kerasClass) is not supported; those that are: \(known)")
        }
        let layer = try read(&self)
        try options.finish()
        return layer
    }

    /// What it is given, apart from null.
    var operands: [Operand] {
        get throws(LayerError) {
            var operands: [Operand] = []
            var shapes = inputs[...]
            for argument in arguments where argument != .null {
                if KerasArguments.history(of: argument) != nil, let shape = shapes.popFirst() {
                    operands.append(.tensor(shape))
                } else if let numbers = KerasOptions.numbers(argument) {
                    operands.append(.constant(numbers))
                } else {
                    throw unsupported(argument)
                }
            }
            return operands
        }
    }

    /// The arguments behind the tensors.
    var others: ArraySlice<JSONValue> { arguments.drop { !KerasArguments.tensors(in: [$0]).isEmpty } }

    /// Refuses what is given besides one tensor, or one list of them, in the list too.
    func requireTensorsOnly() throws(LayerError) {
        let listed = arguments.flatMap { $0.array ?? [] }.filter { KerasArguments.tensors(in: $0).isEmpty }
        if let other = (listed + others).first(where: { $0 != .null }) { throw unsupported(other) }
    }

    func unsupported(_ argument: JSONValue) -> LayerError {
        LayerError("\(kerasClass) with \(KerasArguments.brief(argument)) is not supported")
    }

    /// An axis of a sample from 0, of one that Keras counts with that of the batch. `rank` is that of the samples.
    func axis(_ number: Int, rank: Int) throws(LayerError) -> Int {
        let axis = number < 0 ? number + rank : number - 1
        guard number != 0, (0..<rank).contains(axis) else {
            throw LayerError("\(kerasClass) along axis \(number) is not supported: it must be an axis of a sample")
        }
        return axis
    }
}
