import Basics
import Transforms

/// The way of stored samples into a network: transforms, which a reader's thread applies, and the normalisation as the
/// last, which writes straight into the network's input.
public struct InputPipeline: Sendable {
    public let transforms: TransformChain
    public let normalizer: Normalizer

    /// Throws where the rule does not fit what the transforms make.
    public init(_ transforms: TransformChain, _ rule: Normalization) throws(TransformError) {
        let samples = transforms.output
        guard let normalizer = Normalizer(rule, sample: samples.shape) else {
            var error = TransformError(rule, "does not normalise samples of \(samples.shape)")
            error.source = transforms.source
            throw error
        }
        self.transforms = transforms
        self.normalizer = normalizer
    }

    /// What the network sees: floats.
    public var output: SampleSpecification {
        SampleSpecification(shape: transforms.output.shape, form: .floats, targets: transforms.output.targets)
    }
}
