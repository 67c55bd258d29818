import Basics

/// Keras's `model.summary()`: one row a layer.
public struct ModelSummary: Sendable {
    public struct Row: Sendable, Equatable {
        public let name: String
        public let type: String
        public let outputShape: Shape
        public let parameters: Int
        public let connectedTo: [String]
    }

    public let name: String
    public let rows: [Row]
    public let totalParameters: Int
    public let trainableParameters: Int
    /// Without those of auxiliary outputs, which only training has.
    public let outputParameters: Int
    /// Of one sample's forward pass.
    public let multiplyAdds: Int
    /// What stands for the batch axis; Keras's `None` where nil.
    public let batchSize: Int?
    /// What a run with batches of `batchSize` takes on one rank, but for reading data; nil where nobody asked.
    public var memory: Memory?

    public struct Memory: Sendable {
        /// The parts that a batch is cut into.
        let shards: Int
        /// Bytes, by what they hold, and under which name JSON has them.
        let parts: [(name: String, key: String, bytes: Int)]

        public init(shards: Int, parts: [(name: String, key: String, bytes: Int)]) {
            self.shards = shards
            self.parts = parts
        }

        var total: Int { parts.reduce(0) { $0 + $1.bytes } }
    }

    public init(_ network: Network, batchSize: Int? = nil) {
        var counts = [Int](repeating: 0, count: network.nodes.count)
        for parameter in network.parameters { counts[parameter.node] += parameter.specification.shape.count }
        name = network.name
        rows = network.nodes.enumerated().map { index, node in
            Row(
                name: node.name, type: node.layer.description.typeName, outputShape: network.shapes[index],
                parameters: counts[index], connectedTo: node.inputs.map { network.nodes[$0].name })
        }
        totalParameters = network.parameterCount
        trainableParameters = network.trainableParameterCount
        outputParameters = network.outputParameterCount
        multiplyAdds = network.multiplyAdds
        self.batchSize = batchSize
    }

    public var json: JSONValue {
        let layers = rows.map { row -> JSONValue in
            let batch: JSONValue = batchSize.map { .integer($0) } ?? .null
            return [
                "name": .string(row.name), "type": .string(row.type),
                "output_shape": .array([batch] + row.outputShape.extents.map { .integer($0) }),
                "parameters": .integer(row.parameters),
                "connected_to": .array(row.connectedTo.map { .string($0) }),
            ]
        }
        var object: [String: JSONValue] = [
            "name": .string(name), "total_parameters": .integer(totalParameters),
            "trainable_parameters": .integer(trainableParameters),
            "parameters_without_auxiliary": .integer(outputParameters), "multiply_adds": .integer(multiplyAdds),
            "layers": .array(layers),
        ]
        if let memory {
            let bytes = memory.parts.map { ($0.key, $0.bytes) } + [("total_bytes", memory.total)]
            object["memory"] = .object(Dictionary(uniqueKeysWithValues: bytes).mapValues { .integer($0) })
        }
        return .object(object)
    }

    /// The table as Keras prints it; like Keras, it names connections only where the model is no plain chain.
    public var text: String {
        let isChain = rows.enumerated().dropFirst().allSatisfy { $1.connectedTo == [rows[$0 - 1].name] }
        var table = TextTable(header: ["Layer (type)", "Output Shape", "Param #"] + (isChain ? [] : ["Connected to"]))
        table.rightAligned = [2]
        for row in rows {
            let shape = [batchSize.map(String.init) ?? "None"] + row.outputShape.extents.map(String.init)
            let cells = ["\(row.name) (\(row.type))", "(\(shape.joined(separator: ", ")))", row.parameters.grouped]
            table.rows.append(cells + (isChain ? [] : [row.connectedTo.joined(separator: ", ")]))
        }
        let hasAuxiliary = outputParameters != totalParameters
        let withoutAuxiliary = hasAuxiliary ? "\n Without auxiliary outputs: \(Self.size(outputParameters))" : ""
        return """
            Model: "\(name)"
            \(table.text)
             Total params: \(Self.size(totalParameters))
             Trainable params: \(Self.size(trainableParameters))
             Non-trainable params: \(Self.size(totalParameters - trainableParameters))\(withoutAuxiliary)
             Multiply-adds a sample: \(multiplyAdds.grouped)\(memoryText)
            """
    }

    private var memoryText: String {
        guard let memory else { return "" }
        let lines = (memory.parts.map { ($0.name, $0.bytes) } + [("in total", memory.total)]).map { name, bytes in
            "   \(name): \(Self.bytes(bytes))"
        }
        return
            "\n Memory of a run with batches of \(batchSize ?? 1) in \(Figures.count(memory.shards, "shard")), on one rank:\n"
            + lines.joined(separator: "\n")
    }

    /// `44,426 (173.54 KB)`
    private static func size(_ parameters: Int) -> String {
        "\(parameters.grouped) (\(bytes(parameters * MemoryLayout<Float>.size)))"
    }

    /// `173.54 KB`
    public static func bytes(_ count: Int) -> String { Figures.bytes(count) }
}
