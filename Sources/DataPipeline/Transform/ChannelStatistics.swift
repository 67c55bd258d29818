/// Mean and standard deviation of each channel of byte images, from exact counts of the 256 values.
public struct ChannelStatistics {
    private let channels: Int
    private var counts: [Int]

    public init(channels: Int) {
        self.channels = channels
        counts = [Int](repeating: 0, count: channels * 256)
    }

    /// Counts that others have made, 256 for each channel.
    package init?(flatCounts: [Int]) {
        guard !flatCounts.isEmpty else { return nil }
        channels = flatCounts.count / 256
        counts = flatCounts
    }

    package var flatCounts: [Int] { counts }
    /// How many pixels were added.
    package var pixelCount: Int { counts.prefix(256).reduce(0, +) }

    package mutating func add(_ other: ChannelStatistics) {
        for i in counts.indices { counts[i] += other.counts[i] }
    }

    /// `pixels` holds whole pixels, channels last.
    public mutating func add(_ pixels: UnsafeBufferPointer<UInt8>) {
        counts.withUnsafeMutableBufferPointer { counts in
            for channel in 0..<channels {
                for i in stride(from: channel, to: pixels.count, by: channels) {
                    counts[channel * 256 + Int(pixels[i])] += 1
                }
            }
        }
    }

    /// On the scale 0...255.
    public var mean: [Double] { (0..<channels).map { moment($0) { $0 } } }

    /// Of the population, on the scale 0...255.
    public var standardDeviation: [Double] {
        zip(0..<channels, mean).map { channel, mean in
            moment(channel) { ($0 - mean) * ($0 - mean) }.squareRoot()
        }
    }

    private func moment(_ channel: Int, of function: (Double) -> Double) -> Double {
        let counts = counts[channel * 256..<(channel + 1) * 256]
        let sum = zip(0..., counts).reduce(0) { $0 + function(Double($1.0)) * Double($1.1) }
        return sum / Double(max(1, counts.reduce(0, +)))
    }
}

/// The same of floats, by Welford's updates.
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

extension SampleSet {
    /// Mean and standard deviation of each channel, or of each feature, over these samples and no others, in the samples'
    /// own units. It reads all of them.
    public func meanAndDeviation() throws -> (mean: [Float], deviation: [Float]) {
        let channels = sample[sample.rank - 1]
        var (bytes, floats) = (ChannelStatistics(channels: channels), FloatStatistics(channels: channels))
        let batch = max(1, min(count, Self.statisticsBytes / source.sampleBytes))
        let reader = BatchReader(self, sampler: Sampler(self, batch: batch, shards: 1, seed: nil), shards: 0..<1)
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
