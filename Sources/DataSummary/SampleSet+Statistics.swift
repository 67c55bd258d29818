import DataPipeline
import Datasets
import Basics

extension SampleSet {
    private static var mostSampled: Int { 1024 }
    private static var mostSampledBytes: Int { 16 << 20 }
    private static var blockBytes: Int { 4 << 20 }
    /// After so many images that cannot be decoded it is the file that is damaged.
    private static var mostDamaged: Int { 1000 }

    /// Of all samples, a block at a time. `progress` gets the number of those that were read. Images that cannot be decoded are
    /// counted.
    public func statistics(progress: (Int) -> Void = { _ in }) throws -> SampleStatistics {
        var statistics = SampleStatistics(of: sample)
        try add(0..<count, to: &statistics, countsDamaged: true, progress: progress)
        return statistics
    }

    /// Of at most 1,024 samples, from the beginning, the middle and the end: what a run looks at before its first step. An image
    /// that cannot be decoded is an error, unless `countsDamaged`.
    public func sampledStatistics(countsDamaged: Bool = false) throws -> SampleStatistics {
        var statistics = SampleStatistics(of: sample)
        let most = max(16, min(Self.mostSampled, Self.mostSampledBytes / sampleBytes))
        // One place only where few chunks hold everything: each of them would be unpacked for a few of its samples.
        var places = 4
        if case .chunked(let rows) = source.access, rows > count / 8 { places = 1 }
        guard count > most else {
            try add(0..<count, to: &statistics, countsDamaged: countsDamaged)
            return statistics
        }
        let length = most / places
        for place in 0..<places {
            let start = places == 1 ? 0 : (count - length) / (places - 1) * place
            try add(start..<start + length, to: &statistics, countsDamaged: countsDamaged)
        }
        return statistics
    }

    private var sampleBytes: Int { specification.valueBytes }

    private func add(
        _ part: Range<Int>, to statistics: inout SampleStatistics, countsDamaged: Bool,
        progress: (Int) -> Void = { _ in }
    ) throws {
        let samples = self[part]
        let batch = max(1, min(part.count, Self.blockBytes / sampleBytes))
        let sampler = Sampler(samples, batch: batch, shards: 1, seed: nil)
        let reader = BatchReader(samples, sampler: sampler, shards: 0..<1)
        defer { reader.stop() }
        var next = part.lowerBound
        do {
            while let buffer = try reader.next() {
                statistics.add(buffer[0].values, count: buffer[0].count, first: next)
                next += buffer[0].count
                reader.release(buffer)
                progress(next)
            }
        } catch {
            guard countsDamaged, isEncoded, statistics.damaged.count < Self.mostDamaged else { throw error }
            guard part.count > 1 else { return statistics.addDamaged(part.lowerBound, "\(error)") }
            // It is among the samples that come next. Halves are looked at until it is alone.
            let block = next..<min(next + batch, part.upperBound)
            let middle = block.lowerBound + (block.count + 1) / 2
            for piece in [block.lowerBound..<middle, middle..<block.upperBound, block.upperBound..<part.upperBound]
            where !piece.isEmpty {
                try add(piece, to: &statistics, countsDamaged: true, progress: progress)
            }
        }
    }
}
