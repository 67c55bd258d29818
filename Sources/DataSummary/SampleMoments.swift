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

/// Sums of values and of their squares, for each place in a sample.
///
/// The samples are cut into blocks. Each block is added up in the order of the file, and the blocks in their order. So the sums do not
/// depend on how many threads read a block, and on how many ranks share the blocks.
public struct SampleMoments: Sendable {
    public static let blocks = 16
    private static var batchBytes: Int { 4 << 20 }

    private let sample: Shape
    private let samples: Int
    /// For each block the sums of all places, then those of the squares; 0 for blocks that were not read. Of bytes they are exact.
    package var sums: [Double]
    package var sumsPerBlock: Int { 2 * sample.count }

    /// Reads some of the blocks, by so many threads.
    public init(of samples: SampleSet, blocks: Range<Int> = 0..<blocks, threads: Int = 1) throws {
        sample = samples.sample
        self.samples = samples.count
        sums = [Double](repeating: 0, count: Self.blocks * 2 * samples.sample.count)
        for block in blocks {
            let part = ShardPartition.part(block, of: Self.blocks, total: samples.count)
            if !part.isEmpty { try add(samples[part], to: block, threads: threads) }
        }
    }

    private mutating func add(_ samples: SampleSet, to block: Int, threads: Int) throws {
        let batch = max(1, min(samples.count, Self.batchBytes / samples.specification.valueBytes))
        let sampler = Sampler(samples, batch: batch, shards: 1, seed: nil)
        let reader = BatchReader(samples, sampler: sampler, shards: 0..<1, threads: threads)
        defer { reader.stop() }
        while let buffer = try reader.next() {
            switch buffer[0].values {
            case .bytes(let bytes): add(bytes, count: buffer.count, to: block) { Double($0) }
            case .floats(let floats): add(floats, count: buffer.count, to: block) { Double($0) }
            }
            reader.release(buffer)
        }
    }

    private mutating func add<Element>(
        _ values: UnsafePointer<Element>, count: Int, to block: Int, _ number: (Element) -> Double
    ) {
        let width = sample.count
        sums[block * sumsPerBlock..<(block + 1) * sumsPerBlock].withUnsafeMutableBufferPointer { sums in
            for start in stride(from: 0, to: count * width, by: width) {
                for i in 0..<width {
                    let value = number(values[start + i])
                    sums[i] += value
                    sums[width + i] += value * value
                }
            }
        }
    }

    /// The rule by which all samples together have mean 0, and deviation 1 where no divisor is given. A value that is the same in all
    /// samples has a deviation of 1.
    public func standardization(by scope: MomentScope, over divisor: Float? = nil) -> Normalization {
        let groups =
            switch scope {
            case .all: 1
            case .channel: sample.extents.last ?? 1
            case .value: sample.count
            }
        var (mean, deviation) = combined(groups)
        if scope == .all, let channels = sample.extents.last {
            mean = [Float](repeating: mean[0], count: channels)
            deviation = [Float](repeating: deviation[0], count: channels)
        }
        return .standardized(mean: mean, deviation: divisor.map { divisor in mean.map { _ in divisor } } ?? deviation)
    }

    /// Place i belongs to group i % groups.
    private func combined(_ groups: Int) -> (mean: [Float], deviation: [Float]) {
        let width = sample.count
        let number = Double(samples) * Double(width / groups)
        let pairs = (0..<groups).map { group -> (mean: Float, deviation: Float) in
            var (sum, square) = (0.0, 0.0)
            for place in stride(from: group, to: width, by: groups) {
                for block in stride(from: 0, to: sums.count, by: sumsPerBlock) {
                    sum += sums[block + place]
                    square += sums[block + width + place]
                }
            }
            let mean = sum / number
            let deviation = Float(max(0, square / number - mean * mean).squareRoot())
            // What rounding leaves of no deviation at all.
            return (Float(mean), deviation > 1e-6 * Float(abs(mean)) && deviation > 0 ? deviation : 1)
        }
        return (pairs.map(\.mean), pairs.map(\.deviation))
    }
}
