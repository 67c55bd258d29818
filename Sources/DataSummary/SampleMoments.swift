import Basics
import DataPipeline
import Datasets
import Transforms

/// What samples are standardised by.
public enum MomentScope: Sendable {
    /// One mean and one deviation.
    case all
    /// One for each channel, or each feature.
    case channel
    /// One for each value of a sample.
    case value
}

extension SampleSet {
    private static var blockBytes: Int { 4 << 20 }

    /// The rule by which all samples together have mean 0, and deviation 1 if `scales`. A value that is the same in all samples
    /// is divided by 1. All samples are read, by so many threads; sums are added in the order of the file, so that they do not
    /// depend on the number of threads.
    public func standardization(by scope: MomentScope, scales: Bool, threads: Int = 1) throws -> Normalization {
        let batch = max(1, min(count, Self.blockBytes / specification.valueBytes))
        let sampler = Sampler(self, batch: batch, shards: min(batch, max(1, threads)), seed: nil)
        let reader = BatchReader(self, sampler: sampler, shards: 0..<sampler.shards, threads: threads)
        defer { reader.stop() }
        var moments = SampleMoments(values: sample.count)
        while let slot = try reader.next() {
            for shard in slot.shards { moments.add(slot[shard].values, count: slot[shard].count) }
            reader.release(slot)
        }
        let groups =
            switch scope {
            case .all: 1
            case .channel: sample.extents.last ?? 1
            case .value: sample.count
            }
        var (mean, deviation) = moments.combined(groups)
        if scope == .all, let channels = sample.extents.last {
            mean = [Float](repeating: mean[0], count: channels)
            deviation = [Float](repeating: deviation[0], count: channels)
        }
        return .standardized(mean: mean, deviation: scales ? deviation : mean.map { _ in 1 })
    }
}

/// Sums of values and of their squares, for each place in a sample.
private struct SampleMoments {
    private var samples = 0
    /// Of bytes: whole numbers, so that they are exact.
    private var wholeSums: [Int]
    private var wholeSquares: [Int]
    /// Of floats.
    private var sums: [Double]
    private var squares: [Double]

    init(values: Int) {
        wholeSums = [Int](repeating: 0, count: values)
        wholeSquares = wholeSums
        sums = [Double](repeating: 0, count: values)
        squares = sums
    }

    mutating func add(_ values: SampleValues, count: Int) {
        samples += count
        let width = sums.count
        for sample in 0..<count {
            switch values {
            case .bytes(let all):
                let bytes = all + sample * width
                for i in 0..<width {
                    let value = Int(bytes[i])
                    wholeSums[i] &+= value
                    wholeSquares[i] &+= value &* value
                }
            case .floats(let all):
                let floats = all + sample * width
                for i in 0..<width {
                    let value = Double(floats[i])
                    sums[i] += value
                    squares[i] += value * value
                }
            }
        }
    }

    /// Place i belongs to group i % groups.
    func combined(_ groups: Int) -> (mean: [Float], deviation: [Float]) {
        let number = Double(samples * sums.count / groups)
        let pairs = (0..<groups).map { group -> (mean: Float, deviation: Float) in
            var (wholeSum, wholeSquare, sum, square) = (0, 0, 0.0, 0.0)
            for place in stride(from: group, to: sums.count, by: groups) {
                wholeSum += wholeSums[place]
                wholeSquare += wholeSquares[place]
                sum += sums[place]
                square += squares[place]
            }
            let mean = (Double(wholeSum) + sum) / number
            let variance = (Double(wholeSquare) + square) / number - mean * mean
            let deviation = Float(max(0, variance).squareRoot())
            // What rounding leaves of no deviation at all.
            return (Float(mean), deviation > 1e-6 * Float(abs(mean)) && deviation > 0 ? deviation : 1)
        }
        return (pairs.map(\.mean), pairs.map(\.deviation))
    }
}
