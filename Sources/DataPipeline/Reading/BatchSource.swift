import Basics
import Datasets

/// A data set as it is gone through: its samples, which of them make up each batch, and how they become inputs of a
/// network.
public struct BatchSource: Sendable {
    public let dataset: SampleSet
    public let input: InputPipeline
    public let sampler: Sampler
    /// Threads of each reader.
    public var readers = 1

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
            epochs: epochs, stepsPerEpoch: stepsPerEpoch, threads: readers, spans: spans)
    }

    /// The bytes that such a reader takes.
    public func readerBytes(shards: Range<Int>) -> Int {
        BatchReader.bytes(dataset, input.transforms, sampler, shards: shards, threads: readers)
    }
}
