import Datasets
import Transforms

extension SampleSet {
    /// Mean and standard deviation of each channel, or of each feature, over these samples and no others, in the samples'
    /// own units, as they are decoded in evaluation. It reads all of them.
    package func meanAndDeviation(readers: Int = 1) throws -> (mean: [Float], deviation: [Float]) {
        let channels = sample[sample.rank - 1]
        var (bytes, floats) = (ChannelStatistics(channels: channels), FloatStatistics(channels: channels))
        let batch = max(1, min(count, Self.statisticsBytes / source.sampleBytes))
        let sampler = Sampler(self, batch: batch, shards: 1, seed: nil)
        let reader = BatchReader(inEvaluation, sampler: sampler, shards: 0..<1, threads: readers)
        defer { reader.stop() }
        while let slot = try reader.next() {
            let elements = slot.count * sample.count
            switch slot[0].values {
            case .bytes(let values): bytes.add(UnsafeBufferPointer(start: values, count: elements))
            case .floats(let values): floats.add(UnsafeBufferPointer(start: values, count: elements))
            }
            reader.release(slot)
        }
        return source.form == .bytes
            ? (bytes.mean.map { Float($0) }, bytes.standardDeviation.map { Float($0) })
            : (floats.mean.map { Float($0) }, floats.standardDeviation.map { Float($0) })
    }

    /// Of samples that are read at once.
    private static var statisticsBytes: Int { 4 << 20 }
}

/// Mean and standard deviation of each channel of floats, by Welford's updates.
private struct FloatStatistics {
    private(set) var mean: [Double]
    private var squares: [Double]
    private var count = 0.0

    init(channels: Int) {
        mean = [Double](repeating: 0, count: channels)
        squares = mean
    }

    mutating func add(_ values: UnsafeBufferPointer<Float>) {
        for pixel in stride(from: 0, to: values.count, by: mean.count) {
            count += 1
            for channel in mean.indices {
                let difference = Double(values[pixel + channel]) - mean[channel]
                mean[channel] += difference / count
                squares[channel] += difference * (Double(values[pixel + channel]) - mean[channel])
            }
        }
    }

    var standardDeviation: [Double] { squares.map { ($0 / max(1, count)).squareRoot() } }
}
