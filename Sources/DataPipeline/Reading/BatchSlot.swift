import Basics
import Transforms

/// Memory for a rank's shards of one step, filled by the reader's threads and lent to the trainer.
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

    private let form: SampleForm
    private let buffers: [ShardBuffer]
    /// Of the epoch that is read.
    private var order: EpochOrder?
    /// The next shard for a thread to take on.
    private var next: Int
    /// Taken on and not done.
    private var inWork = 0
    /// Of the first shard that failed.
    private var failed: (shard: Int, error: any Error)?

    /// For samples as they come out of a chain of transforms.
    init(_ samples: SampleSpecification, _ sampler: Sampler, shards: Range<Int>) {
        self.shards = shards
        next = shards.upperBound
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
            indices: UnsafePointer(buffer.indices.baseAddress))
    }

    /// Samples of all the rank's shards.
    public var count: Int { buffers.reduce(0) { $0 + $1.count } }

    /// The memory of a shard, for the thread that has taken it on.
    func buffer(of shard: Int) -> ShardBuffer { buffers[shard - shards.lowerBound] }

    // MARK: While threads fill it; under the ring's lock

    func begin(_ order: EpochOrder, epoch: Int, step: Int) {
        (self.order, self.epoch, self.step) = (order, epoch, step)
        (next, inWork, rowsRead, failed) = (shards.lowerBound, 0, 0, nil)
    }

    /// The next shard that no thread has taken on; nil after the last.
    func takeShard() -> (shard: Int, order: EpochOrder)? {
        guard next < shards.upperBound, let order else { return nil }
        defer { next += 1 }
        inWork += 1
        return (next, order)
    }

    func endShard(_ shard: Int, _ result: Result<Int, any Error>) {
        inWork -= 1
        switch result {
        case .success(let rows): rowsRead += rows
        case .failure(let error): if failed.map({ shard < $0.shard }) ?? true { failed = (shard, error) }
        }
    }

    /// Whether nothing more will be written to it.
    func isWhole(ifNoMoreAreTaken: Bool) -> Bool { inWork == 0 && (next == shards.upperBound || ifNoMoreAreTaken) }

    var failure: (any Error)? { failed?.error }
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
    /// The number of each sample in its data set.
    public let indices: UnsafePointer<Int>
}
