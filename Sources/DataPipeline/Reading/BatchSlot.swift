import Basics

/// Memory for a rank's shards of one step, filled by the reader's thread and lent to the trainer.
///
/// Not synchronised itself: the guard is `BatchRing`'s lock, through which a slot passes whenever it changes hands.
public final class BatchSlot: @unchecked Sendable {
    public private(set) var epoch = 0
    public private(set) var step = 0
    /// Seconds that `BatchReader.next` waited for this slot.
    public internal(set) var waited = 0.0
    /// Rows that were read from the file for this step; of chunked data, whole chunks that serve many steps.
    public private(set) var rowsRead = 0
    /// The rank's shards.
    public let shards: Range<Int>

    private let form: SampleSource.Form
    /// The rows of the samples, by their numbers.
    private var rows = RowSelection.list([])
    private let buffers: [ShardBuffer]

    /// For samples as they come out of a chain of transforms.
    init(_ samples: SampleSpecification, _ sampler: Sampler, shards: Range<Int>) {
        self.shards = shards
        form = samples.form
        buffers = shards.map { shard in
            ShardBuffer(
                capacity: sampler.largestCount(shard: shard), valueBytes: samples.valueBytes,
                targetWidth: samples.targetWidth)
        }
    }

    /// The samples of one of the rank's shards, to be read until the slot is released.
    public subscript(shard: Int) -> ShardBatch {
        let buffer = buffers[shard - shards.lowerBound]
        return ShardBatch(
            count: buffer.count, values: buffer.values(as: form),
            labels: UnsafePointer(buffer.labels.baseAddress), targets: UnsafePointer(buffer.targets.baseAddress),
            weights: UnsafePointer(buffer.weights.baseAddress),
            indices: UnsafePointer(buffer.indices.baseAddress), rows: rows)
    }

    /// Samples of all the rank's shards.
    public var count: Int { buffers.reduce(0) { $0 + $1.count } }

    /// Called by the reader's thread only, while it owns the slot. `transformed` is told of each shard that transforms
    /// were applied to, and when that began.
    func fill(
        epoch: Int, step: Int, order: EpochOrder, _ sampler: Sampler, _ dataset: SampleSet, _ fetcher: SampleFetcher,
        _ transformer: ShardTransformer?, transformed: (_ shard: Int, _ begin: UInt64) -> Void
    ) throws {
        self.epoch = epoch
        self.step = step
        rows = dataset.rows
        let before = fetcher.rowsRead
        for (shard, buffer) in zip(shards, buffers) {
            let draws = sampler.positions(step: step, shard: shard).map { order.draw($0, shard: shard) }
            let stored = transformer?.entrance ?? buffer
            stored.count = draws.count
            try fetcher.fetch(
                draws, epoch: epoch, shard: shard, into: UnsafeMutableRawPointer(stored.values.baseAddress))
            stored.setTargets(draws, of: dataset)
            if dataset.source.form == .floats { try stored.requireFiniteValues(dataset) }
            guard let transformer else { continue }
            let begin = BootClock.now
            transformer.run(draws, epoch: epoch, into: buffer)
            transformed(shard, begin)
        }
        rowsRead = fetcher.rowsRead - before
    }
}

/// What the trainer sees of one shard in one step.
public struct ShardBatch {
    /// How many samples; 0 in a last step that is smaller than the number of shards.
    public let count: Int
    /// The samples one after the other as the transforms leave them, images as [H, W, C].
    public let values: SampleValues
    /// A class number a sample; meaningless where the data set has no labels.
    public let labels: UnsafePointer<Int32>
    /// The regression targets of each sample, one row after the other; meaningless where there are none.
    public let targets: UnsafePointer<Float>
    /// What each sample's loss is multiplied by: 1 where the data set has no weights.
    public let weights: UnsafePointer<Float>
    /// The number of each sample in its data set.
    public let indices: UnsafePointer<Int>
    private let rows: RowSelection

    init(
        count: Int, values: SampleValues, labels: UnsafePointer<Int32>, targets: UnsafePointer<Float>,
        weights: UnsafePointer<Float>, indices: UnsafePointer<Int>, rows: RowSelection
    ) {
        self.count = count
        self.values = values
        self.labels = labels
        self.targets = targets
        self.weights = weights
        self.indices = indices
        self.rows = rows
    }

    /// The row of the file that a sample of the shard is.
    public func row(_ index: Int) -> Int { rows[indices[index]] }
}
