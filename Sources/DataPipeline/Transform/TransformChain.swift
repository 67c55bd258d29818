import Basics
import Transforms
import Datasets

/// Transforms in their order, checked against the samples they are for.
public struct TransformChain: Sendable {
    public let transforms: [any SampleTransform]
    /// Where the samples are from, for errors.
    let source: String
    /// What the first transform takes, what each makes: one more than transforms.
    private let specifications: [SampleSpecification]
    private let seed: UInt64

    /// `source` names the samples in errors.
    public init(
        _ transforms: [any SampleTransform], of samples: SampleSpecification, source: String, seed: UInt64
    ) throws(TransformError) {
        self.transforms = transforms
        self.source = source
        self.seed = seed
        var specifications = [samples]
        for (stage, transform) in transforms.enumerated() {
            do {
                specifications.append(try transform.output(of: specifications[stage]))
            } catch {
                var error = error
                error.source = source
                throw error
            }
        }
        self.specifications = specifications
    }

    public init(_ transforms: [any SampleTransform], of dataset: SampleSet, seed: UInt64) throws(TransformError) {
        try self.init(
            transforms, of: dataset.specification, source: "\(dataset.file): \(dataset.source.dataset.path)", seed: seed
        )
    }

    /// Without transforms: samples of a data set as they are stored.
    package init(of dataset: SampleSet) {
        transforms = []
        source = "\(dataset.file): \(dataset.source.dataset.path)"
        specifications = [dataset.specification]
        seed = 0
    }

    public var isEmpty: Bool { transforms.isEmpty }
    /// What goes in.
    public var input: SampleSpecification { specifications[0] }
    /// What comes out.
    public var output: SampleSpecification { specifications[transforms.count] }

    /// The first transform that mixes samples of a batch with each other, or changes targets as those do.
    var firstThatMixes: (any SampleTransform)? {
        transforms.indices.first {
            transforms[$0].takesPartner || specifications[$0].targets != specifications[$0 + 1].targets
        }.map { transforms[$0] }
    }

    /// How many samples become one: itself, its partner in the batch, that one's partner, one for each transform that takes a partner.
    var generations: Int { 1 + transforms.count(where: \.takesPartner) }

    /// Which sample of its batch each sample is mixed with, in a step that begins an epoch's part with so many samples.
    func partners(epoch: Int, step: Int, batch: Int) -> Permutation {
        let stream = CounterRandom.mix(UInt64(epoch), UInt64(step))
        return Permutation(count: batch, random: CounterRandom(seed: seed, purpose: .mixing, stream: stream))
    }

    /// What the transform of a stage takes.
    func input(ofStage stage: Int) -> SampleSpecification { specifications[stage] }
    /// What the transform of a stage makes.
    func output(ofStage stage: Int) -> SampleSpecification { specifications[stage + 1] }

    /// Room for a sample at any point of the chain.
    var mostValueBytes: Int { specifications.map(\.valueBytes).max() ?? 0 }
    var mostTargets: Int { specifications.map(\.targetWidth).max() ?? 0 }

    /// The random numbers of one stage for one sample: a function of the seed, the epoch, the sample, and how often the
    /// epoch had it before.
    public func random(stage: Int, epoch: Int, _ draw: Sampler.Draw) -> CounterRandom {
        random(ofStage: stage).random(draw, epoch: epoch)
    }

    func random(ofStage stage: Int) -> StageRandom { StageRandom(seed: seed, stage: UInt64(stage)) }

    /// The random numbers of the stage before all transforms, which decodes the sample.
    func random(ofDecoding draw: Sampler.Draw, epoch: Int) -> CounterRandom {
        StageRandom(seed: seed, stage: .max).random(draw, epoch: epoch)
    }

    /// `32x32x3`, or `28x28x3 (32x32x3 before random-crop(28), flip(0.5))` if transforms change the shape.
    public var shapeText: String {
        guard input.shape != output.shape else { return "\(output.shape)" }
        return "\(output.shape) (\(input.shape) before \(transforms.map(\.description).joined(separator: ", ")))"
    }
}

/// The random numbers of one stage of a chain.
struct StageRandom: Sendable {
    let seed: UInt64
    let stage: UInt64

    /// Those of a sample in an epoch.
    func random(_ draw: Sampler.Draw, epoch: Int) -> CounterRandom {
        random(.sample, UInt64(epoch), draw)
    }

    /// Those of a shard in a step, which is the only one of the epoch that begins with this draw.
    func random(ofShardWith draw: Sampler.Draw, epoch: Int) -> CounterRandom {
        random(.shard, UInt64(epoch), draw)
    }

    /// Those of a sample in all epochs.
    func random(inAllEpochs draw: Sampler.Draw) -> CounterRandom { random(.lasting, 0, draw) }

    /// What numbers belong to. Those of a sample have no word of their own.
    private enum Owner: UInt64 { case sample = 0, shard, lasting }

    private func random(_ owner: Owner, _ epoch: UInt64, _ draw: Sampler.Draw) -> CounterRandom {
        let sample = CounterRandom.mix(epoch, UInt64(draw.sample))
        let place = CounterRandom.mix(UInt64(draw.occurrence), stage)
        let stream = CounterRandom.mix(sample, place)
        let own = owner == .sample ? stream : CounterRandom.mix(stream, owner.rawValue)
        return CounterRandom(seed: seed, purpose: .augmentation, stream: own)
    }
}
