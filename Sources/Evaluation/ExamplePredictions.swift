import Basics
import Checkpoints
import Execution
import FoundationEssentials
import Interchange
import Models
import ONNXInterchange
import Transforms

/// Inputs for which an export tells the model's predictions: samples of noise.
public struct ExamplePredictions {
    static let count = 2
    /// What the largest difference may be.
    public static let tolerance: Float = 1e-5

    /// Those of each input of the network, one after the other.
    private let bytes: [UInt8]

    init(of network: Network) {
        let random = CounterRandom(seed: 0, purpose: .generatedData)
        bytes = (0..<Self.valueCount(of: network)).map { UInt8(truncatingIfNeeded: random.bits(UInt64($0))) }
    }

    /// Nil where these bytes are not as many samples.
    init?(bytes: [UInt8], of network: Network) {
        guard bytes.count == Self.valueCount(of: network) else { return nil }
        self.bytes = bytes
    }

    private static func valueCount(of network: Network) -> Int {
        count * network.inputs.reduce(0) { $0 + network.shapes[$1].count }
    }

    /// What the network predicts for the bytes divided by 255, or as `normalizer` makes them of a network with one input. Those of
    /// several outputs are in a row.
    func outputs(
        of network: Network, _ weights: [[Float]], _ normalizer: Normalizer?, _ engine: any Engine
    ) throws -> [Float] {
        guard network.inputs.count == 1, network.heads.isEmpty else {
            let sizes = network.inputs.map { Self.count * network.shapes[$0].count }
            return try LayerOutput.rows(of: network, weights: weights, samples: Self.count, engine: engine) {
                number, input in
                let first = sizes[..<number].reduce(0, +)
                fill(input, bytes[first..<first + sizes[number]], normalizer)
            }
        }
        return try LayerOutput(
            ofLayer: network.nodes[network.nodes.count - 1].name, of: network, weights: weights, samples: Self.count,
            engine: engine
        ) { fill($0, bytes[...], normalizer) }.values
    }

    private func fill(_ input: UnsafeMutablePointer<Float>, _ bytes: ArraySlice<UInt8>, _ normalizer: Normalizer?) {
        guard let normalizer else {
            for (index, byte) in bytes.enumerated() { input[index] = Float(byte) / 255 }
            return
        }
        bytes.withUnsafeBufferPointer { bytes in
            guard let start = bytes.baseAddress else { return }
            normalizer.normalize(.bytes(start), count: Self.count, into: input)
        }
    }

    /// The texts that an export holds: how samples become the input, the names of the classes, inputs, and what `state` predicts
    /// for them. If a graph has the normalization in it, `bakedBy` is that.
    func texts(
        of state: RunState, bakedBy normalizer: Normalizer?, _ engine: any Engine
    ) throws -> [(String, String)] {
        let outputs = try outputs(of: state.network, state.weights, normalizer, engine)
        return [
            ("dptrain.normalization", normalizer == nil ? state.normalization : "unchanged"),
            ("dptrain.classes", try JSONValue.array(state.classNames.map { .string($0) }).text()),
            ("dptrain.example_scale", normalizer == nil ? "255" : "1"),
            ("dptrain.example_inputs", Data(bytes).base64EncodedString()),
            ("dptrain.example_outputs", try JSONValue.array(outputs.map { .decimal($0) }).text()),
        ]
    }
}

extension ExamplePredictions {
    /// The texts for a file that takes what the network takes.
    public static func texts(of state: RunState, engine: any Engine) throws -> [(String, String)] {
        try ExamplePredictions(of: state.network).texts(of: state, bakedBy: nil, engine)
    }

    /// How far the predictions that an export holds lie from those of a checkpoint: the largest difference, in units of the
    /// largest prediction or 1.
    public static func difference(of path: String, from state: RunState, engine: any Engine) throws -> Float {
        func refusal(_ problem: String) -> FileError {
            FileError(
                .content, file: path, problem, remedy: "give what `dptrain checkpoint export` wrote of this checkpoint")
        }
        let file = try POSIXFileSystem().content(of: path)
        let texts = try KerasExport.texts(in: file, path: path) ?? ONNXMetadata.read(file, file: path)
        guard let bytes = texts["dptrain.example_inputs"].flatMap({ Data(base64Encoded: $0) }),
            let scale = texts["dptrain.example_scale"], ["1", "255"].contains(scale),
            case .array(let numbers)? = try? JSONValue(parsing: texts["dptrain.example_outputs"] ?? "")
        else { throw refusal("it holds no predictions") }
        let stored = numbers.compactMap { $0.number.map { Float($0) } }
        guard let examples = ExamplePredictions(bytes: Array(bytes), of: state.network),
            stored.count == ExamplePredictions.count * state.network.outputCount
        else { throw refusal("its predictions are of another network") }
        let normalizer = Normalization(state.normalization).flatMap { Normalizer($0, sample: state.network.inputShape) }
        let outputs = try examples.outputs(of: state.network, state.weights, scale == "1" ? normalizer : nil, engine)
        let largest = outputs.reduce(1) { max($0, abs($1)) }
        return zip(outputs, stored).reduce(0) { max($0, abs($1.0 - $1.1) / largest) }
    }
}
