import Basics

/// What a reader takes of memory, known before it starts.
extension BatchReader {
    /// The bytes of a reader of these shards: its slots, and the bands of rows that it keeps of chunked data.
    public static func bytes(
        _ dataset: SampleSet, _ sampler: Sampler, shards: Range<Int>, depth: Int = depth
    ) -> Int {
        let samples = shards.reduce(0) { $0 + sampler.largestCount(shard: $1) }
        var sample = dataset.source.sampleBytes + MemoryLayout<Int32>.stride + MemoryLayout<Int>.stride
        if case .targets(_, let width) = dataset.targets { sample += width * MemoryLayout<Float>.stride }
        return depth * samples * sample + bandBytes(dataset, sampler, shards: shards)
    }

    /// A shard holds the bands of one window; without shuffling a window is one band.
    private static func bandBytes(_ dataset: SampleSet, _ sampler: Sampler, shards: Range<Int>) -> Int {
        guard let bands = sampler.bands else { return 0 }
        let all = dataset.count.dividedRoundingUp(by: bands.rows) + 1
        let held = shards.count * (sampler.seed == nil ? 1 : bands.window)
        return min(all, held) * bands.rows * dataset.source.sampleBytes
    }
}
