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
    private let buffers: [ShardBuffer]

    init(_ dataset: SampleSet, _ sampler: Sampler, shards: Range<Int>) {
        self.shards = shards
        form = dataset.source.form
        buffers = shards.map { ShardBuffer(dataset, capacity: sampler.largestCount(shard: $0)) }
    }

    /// The samples of one of the rank's shards, to be read until the slot is released.
    public subscript(shard: Int) -> ShardBatch {
        let buffer = buffers[shard - shards.lowerBound]
        let raw = UnsafeRawPointer(buffer.values.baseAddress)
        return ShardBatch(
            count: buffer.count,
            values: form == .bytes
                ? .bytes(raw.assumingMemoryBound(to: UInt8.self)) : .floats(raw.assumingMemoryBound(to: Float.self)),
            labels: UnsafePointer(buffer.labels.baseAddress), targets: UnsafePointer(buffer.targets.baseAddress),
            indices: UnsafePointer(buffer.indices.baseAddress))
    }

    /// Samples of all the rank's shards.
    public var count: Int { buffers.reduce(0) { $0 + $1.count } }

    /// Called by the reader's thread only, while it owns the slot.
    func fill(
        epoch: Int, step: Int, order: EpochOrder, _ sampler: Sampler, _ dataset: SampleSet, _ fetcher: SampleFetcher
    ) throws {
        self.epoch = epoch
        self.step = step
        let before = fetcher.rowsRead
        for (shard, buffer) in zip(shards, buffers) {
            let draws = sampler.positions(step: step, shard: shard).map { order.draw($0, shard: shard) }
            buffer.count = draws.count
            try fetcher.fetch(
                draws, epoch: epoch, shard: shard, into: UnsafeMutableRawPointer(buffer.values.baseAddress))
            buffer.setTargets(draws, dataset.targets)
            if form == .floats { try buffer.requireFiniteValues(dataset) }
        }
        rowsRead = fetcher.rowsRead - before
    }
}

/// What the trainer sees of one shard in one step.
public struct ShardBatch {
    /// How many samples; 0 in a last step that is smaller than the number of shards.
    public let count: Int
    /// The stored samples one after the other, images as [H, W, C].
    public let values: SampleValues
    /// A class number a sample; meaningless where the data set has no labels.
    public let labels: UnsafePointer<Int32>
    /// The regression targets of each sample, one row after the other; meaningless where there are none.
    public let targets: UnsafePointer<Float>
    /// The number of each sample in its data set: what augmentation is keyed by.
    public let indices: UnsafePointer<Int>
}

/// One shard's memory in a slot.
private final class ShardBuffer {
    var count = 0
    let values: AlignedBuffer<UInt8>
    let labels: AlignedBuffer<Int32>
    let targets: AlignedBuffer<Float>
    let indices: AlignedBuffer<Int>

    init(_ dataset: SampleSet, capacity: Int) {
        values = AlignedBuffer(count: capacity * dataset.source.sampleBytes)
        labels = AlignedBuffer(count: capacity)
        indices = AlignedBuffer(count: capacity)
        if case .targets(_, let width) = dataset.targets {
            targets = AlignedBuffer(count: capacity * width)
        } else {
            targets = AlignedBuffer(count: 0)
        }
    }

    func setTargets(_ draws: [Sampler.Draw], _ all: Targets) {
        for (i, draw) in draws.enumerated() {
            indices[i] = draw.sample
            switch all {
            case .labels(let all): labels[i] = all[draw.sample]
            case .targets(let all, let width):
                for k in 0..<width { targets[i * width + k] = all[draw.sample * width + k] }
            case .none: break
            }
        }
    }

    /// A network need not show such a value in its loss: a ReLU may turn it into zero. The weights never recover.
    func requireFiniteValues(_ dataset: SampleSet) throws {
        let exponent: UInt32 = 0x7f80_0000
        let size = dataset.sample.count
        let places = 0..<count * size
        let bits = UnsafeRawPointer(values.baseAddress).assumingMemoryBound(to: UInt32.self)
        var found: UInt32 = 0
        for place in places { found |= bits[place] & exponent == exponent ? 1 : 0 }
        guard found > 0, let place = places.first(where: { bits[$0] & exponent == exponent }) else { return }
        let row = dataset.rows.lowerBound + indices[place / size]
        throw DatasetError(
            file: dataset.file, object: dataset.source.dataset.path,
            "row \(row) has a value that is \(Float(bitPattern: bits[place]))",
            remedy: "repair the row, or leave it out")
    }
}
