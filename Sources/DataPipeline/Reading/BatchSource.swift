import Basics
import Datasets
import Transforms

/// A data set as it is gone through: its samples, which of them make up each batch, and how they become inputs of a
/// network.
public struct BatchSource: Sendable {
    public let dataset: SampleSet
    public let input: InputPipeline
    public let sampler: Sampler
    /// Threads of each reader.
    public var readers = 1
    /// Of each input; none where samples are read anew in each epoch.
    private var caches: [SampleCache] = []

    /// `input` is for samples of `dataset`. `batch` counts the samples of a step over all shards; `seed` nil means no
    /// shuffling. `isBalanced`: all classes come equally often. An epoch has a sample
    /// `repeats` times.
    public init(
        _ dataset: SampleSet, _ input: InputPipeline, batch: Int, shards: Int, seed: UInt64? = nil,
        isBalanced: Bool = false, repeats: Int = 1
    ) {
        self.dataset = dataset
        self.input = input
        sampler = Sampler(dataset, batch: batch, shards: shards, seed: seed, isBalanced: isBalanced, repeats: repeats)
    }

    /// The sizes of the shards of all batches.
    public var shardSizes: Set<Int> {
        Set(
            [0, sampler.steps - 1].flatMap { step in (0..<sampler.shards).map { sampler.count(step: step, shard: $0) } }
        )
    }

    /// A reader of a rank's shards. The parameters are those of `BatchReader`.
    public func reader(
        shards: Range<Int>, epoch: Int = 0, step: Int = 0, epochs: Int = 1, stepsPerEpoch: Int? = nil,
        spans: SpanBuffer? = nil
    ) -> BatchReader {
        BatchReader(
            dataset, transforms: input.transforms, sampler: sampler, shards: shards, epoch: epoch, step: step,
            epochs: epochs, stepsPerEpoch: stepsPerEpoch, threads: readers, caches: caches, spans: spans)
    }

    /// Whether samples stay in memory once they have been read.
    package var keepsSamples: Bool { !caches.isEmpty }

    /// The bytes of all samples that stay in memory.
    package var keptBytes: Int { caches.reduce(0) { $0 + $1.byteCount } }

    /// From now on all readers keep the samples that they have read and decoded. Images that are cropped at random are others
    /// each time, so that they are refused.
    package mutating func keepSamples() throws {
        if let plan = dataset.source.decoding?.plan, !(plan is CenterCrop) {
            throw DatasetError(
                file: dataset.file, object: dataset.source.dataset.path,
                "its images are cropped anew in each epoch by \(plan), so that none can be kept in memory",
                remedy: "leave out --cache ram")
        }
        caches = ([dataset] + dataset.further.map(dataset.ofInput)).map { SampleCache($0) }
    }

    /// Fills the memory of a source that keeps samples, before they are read: with floats of all samples, in their order.
    package func fillMemory(_ write: (UnsafeMutableBufferPointer<Float>) throws -> Void) rethrows {
        try caches.first?.fill(write)
    }

    /// The bytes that such a reader takes, without those of the samples that it keeps.
    public func readerBytes(shards: Range<Int>) -> Int {
        BatchReader.bytes(dataset, input.transforms, sampler, shards: shards, threads: readers)
    }
}
