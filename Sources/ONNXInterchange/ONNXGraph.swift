import Basics
import FileFormats

/// A graph of ONNX operators, as onnx.proto3 has it (`ModelProto`), with weights inside. Numbers of fields are those of ONNX 1.12.
struct ONNXGraph {
    /// The operators are those of this set. Every onnxruntime since 1.12 has it.
    static let opset = 17
    private static let irVersion = 8
    /// No message of Protocol Buffers is longer.
    static let largest = Int(Int32.max)

    enum Attribute {
        case integer(Int)
        case integers([Int])
        case number(Float)
        case text(String)
    }

    private enum ElementType: Int {
        case float = 1
        case integer = 7
    }

    private let name: String
    private var message = ProtobufMessage()
    private var names = Set<String>()

    init(name: String) {
        self.name = name
        message.add(2, name)
    }

    /// An operator of layer `owner`. Gives the name of its output.
    @discardableResult
    mutating func add(
        _ type: String, _ inputs: [String], of owner: String, output: String? = nil,
        _ attributes: [(name: String, value: Attribute)] = []
    ) -> String {
        var node = ProtobufMessage()
        let output = output ?? unique("\(owner)/\(type)")
        for input in inputs { node.add(1, input) }
        node.add(2, output)
        node.add(3, output)
        node.add(4, type)
        for (name, value) in attributes { node.add(5, Self.attribute(name, value)) }
        message.add(1, node)
        return output
    }

    /// A constant of layer `owner`. Gives its name.
    mutating func constant(_ values: [Float], _ shape: [Int], _ name: String, of owner: String) -> String {
        tensor(values, shape, .float, name, owner)
    }

    mutating func constant(_ values: [Int], _ name: String, of owner: String) -> String {
        tensor(values.map(Int64.init), [values.count], .integer, name, owner)
    }

    private mutating func tensor<Element: BitwiseCopyable>(
        _ values: [Element], _ shape: [Int], _ type: ElementType, _ name: String, _ owner: String
    ) -> String {
        let name = unique("\(owner)/\(name)")
        var tensor = ProtobufMessage()
        for extent in shape { tensor.add(1, extent) }
        tensor.add(2, type.rawValue)
        tensor.add(8, name)
        tensor.addRaw(9, values)
        message.add(5, tensor)
        return name
    }

    /// Keeps a name for an input or output of the graph; false if another has it.
    mutating func reserve(_ name: String) -> Bool { names.insert(name).inserted }

    private mutating func unique(_ name: String) -> String {
        var (result, number) = (name, 1)
        while !names.insert(result).inserted {
            number += 1
            result = "\(name)_\(number)"
        }
        return result
    }

    /// The whole model, for any number of samples. `metadata` are texts by name.
    func model(
        inputs: [(name: String, shape: Shape)], outputs: [(name: String, shape: Shape)], metadata: [(String, String)]
    ) -> [UInt8] {
        var graph = message
        for input in inputs { graph.add(11, Self.value(input.name, input.shape)) }
        for output in outputs { graph.add(12, Self.value(output.name, output.shape)) }
        var operators = ProtobufMessage()
        operators.add(1, "")
        operators.add(2, Self.opset)
        var model = ProtobufMessage()
        model.add(1, Self.irVersion)
        model.add(2, "dptrain")
        model.add(3, Release.version)
        model.add(7, graph)
        model.add(8, operators)
        for (key, text) in metadata {
            var entry = ProtobufMessage()
            entry.add(1, key)
            entry.add(2, text)
            model.add(14, entry)
        }
        return model.bytes
    }

    private static func value(_ name: String, _ shape: Shape) -> ProtobufMessage {
        var shapes = ProtobufMessage()
        var samples = ProtobufMessage()
        samples.add(2, "samples")
        shapes.add(1, samples)
        for extent in shape.extents {
            var dimension = ProtobufMessage()
            dimension.add(1, extent)
            shapes.add(1, dimension)
        }
        var tensor = ProtobufMessage()
        tensor.add(1, ElementType.float.rawValue)
        tensor.add(2, shapes)
        var type = ProtobufMessage()
        type.add(1, tensor)
        var value = ProtobufMessage()
        value.add(1, name)
        value.add(2, type)
        return value
    }

    private static func attribute(_ name: String, _ value: Attribute) -> ProtobufMessage {
        var message = ProtobufMessage()
        message.add(1, name)
        switch value {
        case .number(let number):
            message.add(2, number)
            message.add(20, 1)
        case .integer(let integer):
            message.add(3, integer)
            message.add(20, 2)
        case .text(let text):
            message.add(4, text)
            message.add(20, 3)
        case .integers(let integers):
            for integer in integers { message.add(8, integer) }
            message.add(20, 7)
        }
        return message
    }
}
