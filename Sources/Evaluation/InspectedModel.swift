import Basics
import Checkpoints
import DataPipeline
import Datasets
import Sessions
import Transforms
import Execution
import Models

/// A trained model to look into: what its layers make of a sample, and their kernels.
public struct InspectedModel {
    private let model: EvaluationModel

    /// Values row-major: [H, W, C] or [F] of a layer's output, [kH, kW, in, out] of a convolution's kernel.
    public typealias Values = (shape: Shape, values: [Float])

    /// A checkpoint, or a Keras model in HDF5.
    public init(_ path: String) throws {
        model = try EvaluationModel(POSIXFileSystem().content(of: path), file: path)
        try model.network.requireOneInput("single images go into models with one; give a data file with --data")
    }

    /// What the network takes: [H, W, C] or [F].
    public var inputShape: Shape { model.network.inputShape }

    /// Whether it was trained on images that were decoded, resized and cut, so that all others are too.
    public var decodesSamples: Bool { model.samplesAreDecoded }

    /// A data set's samples as the model takes them: images decoded to its size.
    public func fitted(_ dataset: SampleSet) throws -> SampleSet {
        try model.options.fitted(dataset) { NetworkInput(model.network) }.inEvaluation
    }

    /// What comes out of a layer, its activation included, when the network predicts.
    public func output(ofLayer name: String, for sample: StoredSample, engine: any Engine) throws -> Values {
        let sample = try TransformChain(
            model.options.evaluationTransforms, of: sample.specification, source: "the image",
            seed: model.options.seed
        ).apply(to: sample)
        guard sample.shape == model.network.inputShape else {
            throw NetworkError(
                network: model.network.name, layer: model.network.nodes[0].name,
                reason: "takes samples of \(model.network.inputShape), but the image is \(sample.shape); "
                    + "resize it, or make it grey or coloured")
        }
        let output = try LayerOutput(
            ofLayer: name, of: model.network, weights: model.weights, samples: 1, engine: engine
        ) { try normalizer(for: sample).normalize(sample, into: $0) }
        return (output.shape, output.values)
    }

    /// The first convolution that sees the samples themselves, if there is one.
    package var firstConvolution: String? {
        let network = model.network
        let parameter = network.parameters.first {
            $0.specification.isKernel && $0.specification.shape.rank == 4
                && network.inputShape.rank == 3 && $0.specification.shape[2] == network.inputShape[2]
        }
        return parameter.map { network.nodes[$0.node].name }
    }

    /// The kernel of a convolution.
    public func kernel(ofLayer name: String) throws -> Values {
        let network = model.network
        let kernel = network.parameters.firstIndex { parameter in
            network.nodes[parameter.node].name == name && parameter.specification.isKernel
                && parameter.specification.shape.rank == 4
        }
        guard let kernel else {
            let names = network.parameters.compactMap { parameter in
                parameter.specification.isKernel && parameter.specification.shape.rank == 4
                    ? network.nodes[parameter.node].name : nil
            }
            throw NetworkError(
                network: network.name, layer: name,
                reason: names.isEmpty
                    ? "the network has no convolutions"
                    : "it is no convolution of the network; those are \(names.joined(separator: ", "))")
        }
        return (network.parameters[kernel].specification.shape, model.weights[kernel])
    }

    private func normalizer(for sample: StoredSample) throws -> Normalizer {
        guard let rule = model.normalization(of: sample.form, sample: sample.shape) else {
            let isBytes = sample.form == .bytes
            throw TrainingError(
                "\(model.file) was trained on \(isBytes ? "floats" : "bytes"), but the image is "
                    + "\(isBytes ? "bytes" : "floats"); take one from data like those with --data and --index")
        }
        guard let normalizer = Normalizer(rule, sample: sample.shape) else {
            throw TrainingError("\(model.file): the normalization `\(rule)` does not fit an image of \(sample.shape)")
        }
        return normalizer
    }
}
