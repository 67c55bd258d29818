import DataPipeline
import Datasets
import Basics

extension SampleSet {
    private static var mostSampled: Int { 1024 }
    private static var mostSampledBytes: Int { 16 << 20 }
    private static var blockBytes: Int { 4 << 20 }

    /// Of all samples, a block at a time. `progress` gets the number of those that were read.
    public func statistics(progress: (Int) -> Void = { _ in }) throws -> SampleStatistics {
        var statistics = SampleStatistics(of: sample)
        try add(0..<count, to: &statistics, progress: progress)
        return statistics
    }

    /// Of at most 1,024 samples, from the beginning, the middle and the end: what a run looks at before its first step.
    public func sampledStatistics() throws -> SampleStatistics {
        var statistics = SampleStatistics(of: sample)
        let most = max(16, min(Self.mostSampled, Self.mostSampledBytes / sampleBytes))
        // One place only where few chunks hold everything: each of them would be unpacked for a few of its samples.
        var places = 4
        if case .chunked(let rows) = source.access, rows > count / 8 { places = 1 }
        guard count > most else {
            try add(0..<count, to: &statistics)
            return statistics
        }
        let length = most / places
        for place in 0..<places {
            let start = places == 1 ? 0 : (count - length) / (places - 1) * place
            try add(start..<start + length, to: &statistics)
        }
        return statistics
    }

    private var sampleBytes: Int { specification.valueBytes }

    private func add(
        _ part: Range<Int>, to statistics: inout SampleStatistics, progress: (Int) -> Void = { _ in }
    ) throws {
        let samples = self[part]
        let batch = max(1, min(part.count, Self.blockBytes / sampleBytes))
        let sampler = Sampler(samples, batch: batch, shards: 1, seed: nil)
        let reader = BatchReader(samples, sampler: sampler, shards: 0..<1)
        defer { reader.stop() }
        var next = part.lowerBound
        while let slot = try reader.next() {
            statistics.add(slot[0].values, count: slot[0].count, first: next)
            next += slot[0].count
            reader.release(slot)
            progress(next - part.lowerBound)
        }
    }
}
