import Basics
import Checkpoints
import Execution
import FoundationEssentials
import Interchange
import ONNXInterchange
import Interchange
import Models
import Transforms

/// A checkpoint's model as an ONNX file. Its metadata tell how samples become the network's input, name the classes, and hold a
/// few inputs with what this program predicts for them, so that whoever opens the file can check it (`scripts/check-onnx`).
public struct ONNXExport {
    /// With batch normalisation folded into the layers before it.
    public var folds = false
    /// The graph takes samples as they are stored.
    public var bakesPreprocessing = false

    public init() {}

    /// Returns what was written, in words.
    public func write(
        _ state: RunState, to path: String, engine: any Engine, fileSystem: any FileSystem = POSIXFileSystem()
    ) throws -> String {
        let (network, weights) = folds ? try state.network.folded(state.weights) : (state.network, state.weights)
        let input = network.inputShape
        guard let rule = Normalization(state.normalization), let normalizer = Normalizer(rule, sample: input) else {
            throw FileError(
                .content, file: path, "the normalization `\(state.normalization)` does not fit samples of \(input)",
                remedy: "use the dptrain that wrote the checkpoint")
        }
        let examples = ExamplePredictions(of: input)
        let outputs = try examples.outputs(
            of: state.network, state.weights, bakesPreprocessing ? normalizer : nil, engine)
        let model = try ONNXModel(
            network, weights: weights,
            preprocessing: bakesPreprocessing ? ONNXModel.Preprocessing(rule, input: input) : nil,
            metadata: [
                ("dptrain.normalization", bakesPreprocessing ? "unchanged" : state.normalization),
                ("dptrain.classes", try JSONValue.array(state.classNames.map { .string($0) }).text()),
                ("dptrain.example_scale", bakesPreprocessing ? "1" : "255"),
                ("dptrain.example_inputs", Data(examples.bytes).base64EncodedString()),
                ("dptrain.example_outputs", try JSONValue.array(outputs.map { .decimal($0) }).text()),
            ])
        do {
            try fileSystem.replace(path, with: model.bytes)
        } catch {
            throw FileError(.write, file: path, "\(error)", remedy: "check the path and its permissions")
        }
        return "ONNX of \(network.name), operator set \(ONNXModel.operatorSet)"
    }
}

extension ONNXExport {
    /// How far the predictions that an export holds lie from those of a checkpoint: the largest difference, in units of the
    /// largest prediction or 1.
    public static func difference(of path: String, from state: RunState, engine: any Engine) throws -> Float {
        func refusal(_ problem: String) -> FileError {
            FileError(
                .content, file: path, problem, remedy: "give what `dptrain checkpoint export` wrote of this checkpoint")
        }
        let texts = try ONNXMetadata.read(POSIXFileSystem().content(of: path), file: path)
        guard let bytes = texts["dptrain.example_inputs"].flatMap({ Data(base64Encoded: $0) }),
            let scale = texts["dptrain.example_scale"], ["1", "255"].contains(scale),
            case .array(let numbers)? = try? JSONValue(parsing: texts["dptrain.example_outputs"] ?? "")
        else { throw refusal("it holds no predictions") }
        let stored = numbers.compactMap { $0.number.map { Float($0) } }
        let input = state.network.inputShape
        guard let examples = ExamplePredictions(bytes: Array(bytes), of: input),
            stored.count == ExamplePredictions.count * state.network.outputShape.count
        else { throw refusal("its predictions are of another network") }
        let normalizer = Normalization(state.normalization).flatMap { Normalizer($0, sample: input) }
        let outputs = try examples.outputs(of: state.network, state.weights, scale == "1" ? normalizer : nil, engine)
        let largest = outputs.reduce(1) { max($0, abs($1)) }
        return zip(outputs, stored).reduce(0) { max($0, abs($1.0 - $1.1) / largest) }
    }

    /// What the largest difference may be.
    public static let tolerance: Float = 1e-5
}

/// Inputs for which an export tells the model's predictions: samples of noise.
struct ExamplePredictions {
    static let count = 2

    let bytes: [UInt8]

    init(of input: Shape) {
        let random = CounterRandom(seed: 0, purpose: .generatedData)
        bytes = (0..<Self.count * input.count).map { UInt8(truncatingIfNeeded: random.bits(UInt64($0))) }
    }

    /// Nil where these bytes are not as many samples.
    init?(bytes: [UInt8], of input: Shape) {
        guard bytes.count == Self.count * input.count else { return nil }
        self.bytes = bytes
    }

    /// What the network predicts for the bytes divided by 255, or as `normalizer` makes them.
    func outputs(
        of network: Network, _ weights: [[Float]], _ normalizer: Normalizer?, _ engine: any Engine
    ) throws -> [Float] {
        try LayerOutput(
            ofLayer: network.nodes[network.nodes.count - 1].name, of: network, weights: weights, samples: Self.count,
            engine: engine
        ) { input in
            guard let normalizer else {
                for (index, byte) in bytes.enumerated() { input[index] = Float(byte) / 255 }
                return
            }
            bytes.withUnsafeBufferPointer { bytes in
                guard let start = bytes.baseAddress else { return }
                normalizer.normalize(.bytes(start), count: Self.count, into: input)
            }
        }.values
    }
}

extension ONNXModel.Preprocessing {
    /// All rules are sums of factors and an offset, which a few values show: for images a factor for each pair of channels, for
    /// vectors one for each feature.
    init?(_ rule: Normalization, input: Shape) {
        let count = input[input.rank - 1]
        guard let normalizer = Normalizer(rule, sample: [count]) else { return nil }
        func image(of values: [Float]) -> [Float] {
            [Float](unsafeUninitializedCapacity: count) { output, filled in
                values.withUnsafeBufferPointer { values in
                    if let input = values.baseAddress, let output = output.baseAddress {
                        normalizer.normalize(.floats(input), count: 1, into: output)
                    }
                }
                filled = count
            }
        }
        let offsets = image(of: [Float](repeating: 0, count: count))
        func factors(of values: [Float]) -> [Float] { zip(image(of: values), offsets).map { ($0 - $1) / 255 } }
        guard input.rank == 3 else {
            self.init(factors: [factors(of: [Float](repeating: 255, count: count))], offsets: offsets)
            return
        }
        let columns = (0..<count).map { channel in factors(of: (0..<count).map { $0 == channel ? 255 : 0 }) }
        self.init(factors: (0..<count).map { row in columns.map { $0[row] } }, offsets: offsets)
    }
}
