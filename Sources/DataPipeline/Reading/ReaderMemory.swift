import Basics
import Datasets

/// What a reader takes of memory, known before it starts.
extension BatchReader {
    /// The bytes of a reader of these shards: its buffers, what transforms hand on from one to the next on each thread, and
    /// the bands of rows that it keeps of chunked data.
    public static func bytes(
        _ dataset: SampleSet, _ transforms: TransformChain, _ sampler: Sampler, shards: Range<Int>, depth: Int = depth,
        threads: Int = 1
    ) -> Int {
        let counts = shards.map { sampler.largestCount(shard: $0) }
        let made = transforms.output
        let buffers = counts.reduce(0) {
            $0 + ShardBuffer.bytes(capacity: $1, valueBytes: made.valueBytes, targetWidth: made.targetWidth)
        }
        return depth * buffers + threads * ShardReader.bytes(dataset, transforms, sampler, capacity: counts.max() ?? 0)
            + bandBytes(dataset, sampler, shards: transforms.generations == 1 ? shards.count : sampler.shards)
            + dataset.further.map(dataset.ofInput).reduce(0) { $0 + bytes(of: $1, sampler, counts, depth, threads) }
    }

    /// Those of a further input.
    private static func bytes(
        of dataset: SampleSet, _ sampler: Sampler, _ counts: [Int], _ depth: Int, _ threads: Int
    ) -> Int {
        depth * counts.reduce(0, +) * dataset.source.sampleBytes
            + threads * ShardReader.bytes(dataset, TransformChain(of: dataset), sampler, capacity: counts.max() ?? 0)
            + bandBytes(dataset, sampler, shards: counts.count)
    }

    /// `shards`: of how many shards samples are read. A shard holds the bands of one window; without shuffling a window is one band.
    private static func bandBytes(_ dataset: SampleSet, _ sampler: Sampler, shards: Int) -> Int {
        guard let bands = sampler.bands else { return 0 }
        // A source is read in bands of its own, which may be larger than those of the order.
        let rows = if case .chunked(let own) = dataset.source.access { max(own, bands.rows) } else { bands.rows }
        let all =
            bands.starts == nil
            ? dataset.count.dividedRoundingUp(by: rows) + 1 : dataset.source.parts.rows.dividedRoundingUp(by: rows)
        let held = shards * (sampler.seed == nil ? 1 : bands.window)
        return min(all, held) * dataset.source.parts.largestBand(rows: rows)
    }
}
