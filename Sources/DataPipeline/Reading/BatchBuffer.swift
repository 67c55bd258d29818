import Basics
import Datasets
import Transforms

/// The samples of one epoch, and their order.
struct EpochContents {
    let samples: SampleSet
    let order: EpochOrder

    /// `sampler` is for `dataset`, whose samples may be redrawn.
    init(_ dataset: SampleSet, _ sampler: Sampler, epoch: Int) {
        samples = dataset.inEpoch(epoch)
        order = (dataset.isRedrawn ? sampler.of(samples) : sampler).order(epoch: epoch)
    }
}

/// Memory for a rank's shards of one step, filled by the reader's threads and lent to the trainer.
///
/// Not synchronised itself: the guard is `BatchRing`'s lock, through which a buffer passes whenever it changes hands.
public final class BatchBuffer: @unchecked Sendable {
    public private(set) var epoch = 0
    public private(set) var step = 0
    /// Seconds that `BatchReader.next` waited for this buffer.
    public internal(set) var waited = 0.0
    /// Rows that were read from the file for this step; of chunked data, whole chunks that serve many steps.
    public private(set) var rowsRead = 0
    /// Samples that were read for this step: those of the rank's shards, and their partners.
    public var samplesRead: Int { generations * count }
    /// The rank's shards.
    public let shards: Range<Int>

    private let form: SampleForm
    /// How many samples each of the shards' samples is made of.
    private let generations: Int
    /// The rows of the samples, by their numbers.
    private var rows = RowSelection.list([])
    private let buffers: [ShardBuffer]
    /// Of the epoch that is read.
    private var contents: EpochContents?
    /// The next shard for a thread to take on.
    private var next: Int
    /// Taken on and not done.
    private var inWork = 0
    /// Of the first shard that failed.
    private var failed: (shard: Int, error: any Error)?

    /// For samples as they come out of a chain of transforms.
    init(_ chain: TransformChain, _ further: [FurtherInput], _ sampler: Sampler, shards: Range<Int>) {
        self.shards = shards
        next = shards.upperBound
        let samples = chain.output
        generations = chain.generations
        form = samples.form
        buffers = shards.map { shard in
            ShardBuffer(
                capacity: sampler.largestCount(shard: shard), valueBytes: samples.valueBytes,
                targetWidth: samples.targetWidth, further: further.map(\.source))
        }
    }

    /// The samples of one of the rank's shards, to be read until the buffer is released.
    public subscript(shard: Int) -> ShardBatch {
        let buffer = buffers[shard - shards.lowerBound]
        return ShardBatch(
            count: buffer.count, values: buffer.values(as: form), further: buffer.furtherValues,
            labels: UnsafePointer(buffer.labels.baseAddress), targets: UnsafePointer(buffer.targets.baseAddress),
            weights: UnsafePointer(buffer.weights.baseAddress),
            indices: UnsafePointer(buffer.indices.baseAddress), rows: rows)
    }

    /// Samples of all the rank's shards.
    public var count: Int { buffers.reduce(0) { $0 + $1.count } }

    /// The memory of a shard, for the thread that has taken it on.
    func buffer(of shard: Int) -> ShardBuffer { buffers[shard - shards.lowerBound] }

    // MARK: While threads fill it; under the ring's lock

    func begin(_ contents: EpochContents, epoch: Int, step: Int) {
        (self.contents, self.epoch, self.step) = (contents, epoch, step)
        rows = contents.samples.rows
        (next, inWork, rowsRead, failed) = (shards.lowerBound, 0, 0, nil)
    }

    /// The next shard that no thread has taken on; nil after the last.
    func takeShard() -> (shard: Int, contents: EpochContents)? {
        guard next < shards.upperBound, let contents else { return nil }
        defer { next += 1 }
        inWork += 1
        return (next, contents)
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
    /// Those of further inputs, as they are stored.
    public let further: [SampleValues]
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
        count: Int, values: SampleValues, further: [SampleValues], labels: UnsafePointer<Int32>,
        targets: UnsafePointer<Float>,
        weights: UnsafePointer<Float>, indices: UnsafePointer<Int>, rows: RowSelection
    ) {
        self.count = count
        self.values = values
        self.further = further
        self.labels = labels
        self.targets = targets
        self.weights = weights
        self.indices = indices
        self.rows = rows
    }

    /// The row of the file that a sample of the shard is.
    public func row(_ index: Int) -> Int { rows[indices[index]] }
}
