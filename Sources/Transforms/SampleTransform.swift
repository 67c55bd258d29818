import Basics

/// A step between what a file stores and what a network reads: it says what it makes of a kind of samples, and makes it
/// of one sample at a time.
///
/// A transform is a value without state, and runs on a reader's thread. What it makes of a sample depends on that sample, on its
/// partner in the batch or others of the same shard, and on `random`: all of them are the same on any number of ranks and in a resumed
/// run.
public protocol SampleTransform: Sendable, CustomStringConvertible {
    /// What samples of the kind `input` become. Throws where it cannot take them.
    func output(of input: SampleSpecification) throws(TransformError) -> SampleSpecification

    /// Makes sample `index` of a shard. It writes all values of `output`. It writes label and targets only if `output(of:)`
    /// changes their kind. Otherwise they are there already.
    ///
    /// The numbers of `random` count from 0, and are this transform's own for this sample, epoch and occurrence.
    func fill(_ output: SamplePlace, from shard: ShardSamples, at index: Int, random: CounterRandom)

    /// The transform that evaluation and prediction use instead. It uses no random numbers: a central crop instead of a random
    /// one. Nil leaves the sample as it is.
    var inEvaluation: (any SampleTransform)? { get }

    /// Whether it reads `ShardSamples.partner`. All such transforms of a chain see the same partners.
    var takesPartner: Bool { get }
}

extension SampleTransform {
    public var takesPartner: Bool { false }
}

/// The samples of one shard as a transform finds them.
public struct ShardSamples {
    public let specification: SampleSpecification
    public let count: Int
    public let epoch: Int
    /// Random numbers that all samples of the shard have in common in this step. They are the transform's own.
    public let random: CounterRandom
    /// From a sample to its partner.
    private let stride: Int
    private let lastingRandom: (Int) -> CounterRandom
    private let values: UnsafeRawPointer
    private let labels: UnsafePointer<Int32>
    private let targets: UnsafePointer<Float>
    private let valueBytes: Int

    /// `values`, `labels` and `targets` are those of all samples, one after the other. The partner of each lies `stride` behind it.
    package init(
        _ specification: SampleSpecification, count: Int, values: UnsafeRawPointer, labels: UnsafePointer<Int32>,
        targets: UnsafePointer<Float>, epoch: Int, random: CounterRandom, stride: Int = 0,
        lasting: @escaping (Int) -> CounterRandom
    ) {
        self.specification = specification
        self.count = count
        self.epoch = epoch
        self.random = random
        self.stride = stride
        lastingRandom = lasting
        (self.values, self.labels, self.targets) = (values, labels, targets)
        valueBytes = specification.valueBytes
    }

    /// Random numbers that a sample has in all epochs. They are the transform's own.
    public func lasting(_ index: Int) -> CounterRandom { lastingRandom(index) }

    /// The sample of the batch that a sample is to be mixed with: as the transforms before this one have made it, in its own place.
    public func partner(of index: Int) -> Int { index + stride }

    /// A sample's values, row-major in the shape and form of `specification`.
    public func values(_ index: Int) -> UnsafeRawPointer { values + index * valueBytes }

    /// A sample's class number; meaningless where there are no labels.
    public func label(_ index: Int) -> Int32 { labels[index] }

    /// A sample's target values; there are none where there are labels.
    public func targets(_ index: Int) -> UnsafePointer<Float> {
        targets + index * specification.targetWidth
    }
}

/// The memory that a transform writes one sample to.
public struct SamplePlace {
    /// Room for the values, row-major in the shape and form that the transform makes.
    public let values: UnsafeMutableRawPointer
    public let label: UnsafeMutablePointer<Int32>
    public let targets: UnsafeMutablePointer<Float>
    /// Memory of the thread, to work in.
    public let scratch: TransformScratch

    package init(
        values: UnsafeMutableRawPointer, label: UnsafeMutablePointer<Int32>, targets: UnsafeMutablePointer<Float>,
        scratch: TransformScratch
    ) {
        (self.values, self.label, self.targets, self.scratch) = (values, label, targets, scratch)
    }
}

/// Samples that a transform cannot take.
public struct TransformError: Error, Equatable, CustomStringConvertible {
    /// As it is written in options and checkpoints.
    public let transform: String
    /// What follows the transform's text in a sentence.
    public let problem: String
    /// Where the samples are from: a file and the data set in it.
    package var source = ""

    public init(_ transform: any CustomStringConvertible, _ problem: String) {
        self.transform = transform.description
        self.problem = problem
    }

    public var description: String { "\(source): `\(transform)` \(problem)" }
}
