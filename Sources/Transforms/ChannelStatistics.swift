/// Mean and standard deviation of each channel of byte images, from exact counts of the 256 values.
package struct ChannelStatistics {
    private let channels: Int
    private var counts: [Int]

    package init(channels: Int) {
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
    package mutating func add(_ pixels: UnsafeBufferPointer<UInt8>) {
        counts.withUnsafeMutableBufferPointer { counts in
            for channel in 0..<channels {
                for i in stride(from: channel, to: pixels.count, by: channels) {
                    counts[channel * 256 + Int(pixels[i])] += 1
                }
            }
        }
    }

    /// On the scale 0...255.
    package var mean: [Double] { (0..<channels).map { moment($0) { $0 } } }

    /// Of the population, on the scale 0...255.
    package var standardDeviation: [Double] {
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
