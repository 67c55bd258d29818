import Basics
import Datasets

/// Which samples each shard gets in each step of each epoch: a pure function of its settings, so that a run can start
/// at any step on any number of ranks.
///
/// A batch is cut into `shards` parts whose sizes differ by at most one; so is the smaller batch that ends an epoch.
/// Shard s walks its own contiguous part of the epoch's order, as long as its shares of all steps together.
public struct Sampler: Sendable, Equatable {
    /// How many samples an epoch has.
    public let count: Int
    /// Samples a step, over all shards.
    public let batch: Int
    public let shards: Int
    /// Keys the order; nil leaves the samples in the file's order.
    public let seed: UInt64?
    /// For data that are read in bands of rows.
    public private(set) var bands: Bands?
    /// Where all classes come equally often; nil where every sample comes once.
    private(set) var classes: ClassMembers?
    /// How often an epoch has each of the samples that it has: a shard walks only so much of its part of the order, and takes
    /// each sample so many times in a row.
    public private(set) var repeats = 1

    /// The bands (rows of chunks) that chunked data are read in. Bands are shuffled as a whole; then the samples of
    /// `window` successive ones are mixed, while the reader holds these in memory.
    public struct Bands: Sendable, Equatable {
        /// Rows a band; the last may be shorter.
        public let rows: Int
        /// Bands a window.
        public let window: Int
        /// Where samples are only some of the rows, or do not begin with the first: the first sample of each band that has any, and at the end their
        /// count.
        public let starts: [Int]?

        public init(rows: Int, window: Int, starts: [Int]? = nil) {
            precondition(rows > 0 && window > 0, "bands have rows")
            self.rows = rows
            self.window = window
            self.starts = starts
        }

        /// Bands that have samples.
        func count(of samples: Int) -> Int { starts.map { $0.count - 1 } ?? samples.dividedRoundingUp(by: rows) }
    }

    /// A sample, and the window it was drawn from: a shard draws windows one after the other, never going back.
    public struct Draw: Equatable, Sendable {
        public let sample: Int
        public let window: Int
        /// How often the epoch had the sample before.
        public let occurrence: Int

        public init(sample: Int, window: Int, occurrence: Int = 0) {
            self.sample = sample
            self.window = window
            self.occurrence = occurrence
        }
    }

    public init(count: Int, batch: Int, shards: Int, seed: UInt64?, bands: Bands? = nil) {
        precondition(count > 0 && batch > 0 && shards > 0, "a sampler needs samples, a batch and shards")
        self.count = count
        self.batch = batch
        self.shards = shards
        self.seed = seed
        self.bands = bands
    }

    public var isBalanced: Bool { classes != nil }

    /// Steps an epoch.
    public var steps: Int { count.dividedRoundingUp(by: batch) }

    /// Samples of a step, over all shards: `batch`, or the rest in the last step.
    public func batch(of step: Int) -> Int { min(batch, count - step * batch) }

    /// How many samples `shard` gets in `step`; 0 only in a last step that is smaller than the number of shards.
    public func count(step: Int, shard: Int) -> Int { share(shard, of: batch(of: step)).count }

    /// The largest share `shard` ever gets.
    public func largestCount(shard: Int) -> Int { share(shard, of: min(batch, count)).count }

    /// The part of the epoch's order that `shard` walks.
    public func part(of shard: Int) -> Range<Int> {
        let full = share(shard, of: batch)
        let last = share(shard, of: batch(of: steps - 1))
        let start = (steps - 1) * full.lowerBound + last.lowerBound
        return start..<start + (steps - 1) * full.count + last.count
    }

    /// The part of the epoch's order that several shards walk, at least one.
    public func part(of shards: Range<Int>) -> Range<Int> {
        part(of: shards.lowerBound).lowerBound..<part(of: shards.upperBound - 1).upperBound
    }

    /// The positions in the epoch's order that `shard` takes in `step`.
    public func positions(step: Int, shard: Int) -> Range<Int> {
        precondition(step >= 0 && step < steps, "a step of the epoch")
        let start = part(of: shard).lowerBound + step * share(shard, of: batch).count
        return start..<start + count(step: step, shard: shard)
    }

    /// A sample of a batch: one of a shard's, counted from 0.
    struct Place {
        let shard: Int
        let offset: Int
    }

    /// The place's number in a batch of so many samples.
    func index(of place: Place, batch: Int) -> Int { share(place.shard, of: batch).lowerBound + place.offset }

    /// The place with a number in a batch of so many samples.
    func place(inBatch index: Int, batch: Int) -> Place {
        let shard = ShardPartition.part(of: index, among: shards, total: batch)
        return Place(shard: shard, offset: index - share(shard, of: batch).lowerBound)
    }

    /// The position of a place in the epoch's order.
    func position(_ place: Place, step: Int) -> Int {
        positions(step: step, shard: place.shard).lowerBound + place.offset
    }

    /// The samples of `shard` in a step, in the order in which they are computed.
    public func indices(epoch: Int, step: Int, shard: Int) -> [Int] {
        let order = order(epoch: epoch)
        return positions(step: step, shard: shard).map { order.draw($0, shard: shard).sample }
    }

    /// The order of one epoch.
    public func order(epoch: Int) -> EpochOrder { EpochOrder(self, epoch: epoch) }

    private func share(_ shard: Int, of batch: Int) -> Range<Int> {
        ShardPartition.part(shard, of: shards, total: batch)
    }
}

extension Sampler {
    /// A sampler for a data set as it lies in its file. `seed` nil means no shuffling. `isBalanced`: all classes come equally
    /// often, which needs labels.
    public init(
        _ dataset: SampleSet, batch: Int, shards: Int, seed: UInt64?, isBalanced: Bool = false, repeats: Int = 1
    ) {
        precondition(repeats > 0, "a sample that comes")
        self.init(count: dataset.count, batch: batch, shards: shards, seed: seed, bands: dataset.bands)
        self.repeats = repeats
        if isBalanced { classes = dataset.classMembers }
    }

    /// For samples that are redrawn: the sampler for those of one epoch, as many as before.
    func of(_ samples: SampleSet) -> Sampler {
        var sampler = self
        sampler.bands = samples.bands
        if classes != nil { sampler.classes = samples.classMembers }
        return sampler
    }
}

extension SampleSet {
    /// A window of 4,096 samples mixes well; one of 64 MiB is what each shard may hold in memory.
    private static var windowSamples: Int { 4096 }
    private static var windowBytes: Int { 64 << 20 }

    /// How the sampler must treat the data: a function of the file alone, as it decides the order of samples.
    var bands: Sampler.Bands? {
        guard let bandRows else { return nil }
        let bandBytes = sources.reduce(0) { $0 + $1.parts.largestBand(rows: bandRows) }
        let affordable = Self.windowBytes / max(1, bandBytes)
        let window = min(Self.windowSamples.dividedRoundingUp(by: bandRows), affordable)
        return Sampler.Bands(rows: bandRows, window: max(1, window), starts: starts(ofBands: bandRows))
    }

    /// The rows of the largest chunks of all inputs; nil if none has chunks. Where a window could not hold so many rows of all, such as
    /// those of a small input that lies in one chunk, they are the rows of the input whose chunks take the most memory.
    private var bandRows: Int? {
        let chunked = sources.compactMap { source -> (rows: Int, bytes: Int)? in
            guard case .chunked(let rows) = source.access else { return nil }
            return (rows, source.parts.largestBand(rows: rows))
        }
        guard let largest = chunked.map(\.rows).max() else { return nil }
        let bytes = sources.reduce(0) { $0 + $1.parts.largestBand(rows: largest) }
        return bytes <= Self.windowBytes ? largest : chunked.max { $0.bytes < $1.bytes }?.rows
    }

    /// Nil for rows that begin with the first of the file and leave none out.
    private func starts(ofBands bandRows: Int) -> [Int]? {
        switch rows {
        case .run(let range) where range.lowerBound == 0: return nil
        case .run(let range):
            let second = (range.lowerBound / bandRows + 1) * bandRows
            let others = stride(from: second, to: range.upperBound, by: bandRows).map { $0 - range.lowerBound }
            return [0] + others + [range.count]
        case .list(let rows):
            let starts = rows.indices.filter { $0 == 0 || rows[$0] / bandRows != rows[$0 - 1] / bandRows }
            return starts + [rows.count]
        }
    }
}
