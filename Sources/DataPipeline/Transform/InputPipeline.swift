import Basics
import Datasets
import Transforms

/// The way of stored samples into a network: transforms, which a reader's thread applies, and the normalisation as the
/// last, which writes straight into the network's input. Samples of further inputs are only normalised.
public struct InputPipeline: Sendable {
    public let transforms: TransformChain
    public let normalizer: Normalizer
    /// Of each further input.
    public let further: [Normalizer]

    /// Throws where the rule does not fit what the transforms make. Further inputs are those of the data set; their samples are
    /// not mixed, so the transforms must not mix either.
    public init(
        _ transforms: TransformChain, _ rule: Normalization, further: [FurtherInput]
    ) throws(TransformError) {
        if !further.isEmpty, let mixing = transforms.firstThatMixes {
            var error = TransformError(mixing, "mixes samples, and those of several inputs are not mixed; leave it out")
            error.source = transforms.source
            throw error
        }
        func normalizer(_ rule: Normalization, _ sample: Shape, _ source: String) throws(TransformError) -> Normalizer {
            guard let normalizer = Normalizer(rule, sample: sample) else {
                var error = TransformError(rule, "does not normalise samples of \(sample)")
                error.source = source
                throw error
            }
            return normalizer
        }
        self.transforms = transforms
        self.normalizer = try normalizer(rule, transforms.output.shape, transforms.source)
        var others: [Normalizer] = []
        for input in further {
            let own = input.normalization(like: rule, of: transforms.input)
            others.append(try normalizer(own, input.source.sample, input.source.dataset.path))
        }
        self.further = others
    }

    /// What the network sees: floats.
    public var output: SampleSpecification {
        SampleSpecification(shape: transforms.output.shape, form: .floats, targets: transforms.output.targets)
    }
}
