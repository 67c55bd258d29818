import Basics
import Checkpoints
import Execution
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
        let texts = try ExamplePredictions(of: state.network).texts(
            of: state, bakedBy: bakesPreprocessing ? normalizer : nil, engine)
        let model = try ONNXModel(
            network, weights: weights,
            preprocessing: bakesPreprocessing ? ONNXModel.Preprocessing(rule, input: input) : nil, metadata: texts)
        try OutputFile(path, overwrite: true).write(model.bytes, fileSystem)
        return "ONNX of \(network.name), operator set \(ONNXModel.operatorSet)"
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
