/// Sums over the pixels of each channel of [pixels, channels]. A block of pixels is summed in single precision, the
/// blocks in double: nearly as fast as the one, nearly as exact as the other.
struct ChannelSums {
    let pixels: Int
    let channels: Int
    private let total: UnsafeMutablePointer<Double>
    private let block: UnsafeMutablePointer<Float>

    private static let blockPixels = 32

    static func scratchBytes(channels: Int) -> Int {
        channels * (MemoryLayout<Double>.stride + MemoryLayout<Float>.stride)
    }

    init(pixels: Int, channels: Int, scratch: UnsafeMutableRawPointer) {
        self.pixels = pixels
        self.channels = channels
        total = scratch.assumingMemoryBound(to: Double.self)
        block = UnsafeMutableRawPointer(total + channels).assumingMemoryBound(to: Float.self)
    }

    /// Writes `scale` times the sum of `term(i, channel)` over all elements i of each channel.
    @inline(__always)
    func sum(into result: UnsafeMutablePointer<Float>, scale: Double = 1, term: (_ i: Int, _ channel: Int) -> Float) {
        let (channels, total, block) = (channels, total, block)
        total.update(repeating: 0, count: channels)
        for start in stride(from: 0, to: pixels, by: Self.blockPixels) {
            block.update(repeating: 0, count: channels)
            for pixel in start..<min(start + Self.blockPixels, pixels) {
                let first = pixel * channels
                for c in 0..<channels { block[c] += term(first + c, c) }
            }
            for c in 0..<channels { total[c] += Double(block[c]) }
        }
        for c in 0..<channels { result[c] = Float(total[c] * scale) }
    }
}
