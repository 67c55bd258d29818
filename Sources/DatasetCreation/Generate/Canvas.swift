import Basics

/// A view of an image while it is drawn: colours in 0...1, row by row, not owned.
struct Canvas {
    let pixels: UnsafeMutableBufferPointer<SIMD3<Float>>
    let height: Int
    let width: Int

    /// Sets each pixel to a function of its centre (x, y).
    func fill(_ colour: (SIMD2<Float>) -> SIMD3<Float>) {
        for y in 0..<height {
            for x in 0..<width { pixels[y * width + x] = colour(Self.centre(x, y)) }
        }
    }

    /// Lays the figure over what is there.
    func draw(_ figure: Figure, colour: SIMD3<Float>) {
        let reach = figure.radius + 1
        let rows = Self.span(figure.centre.y, reach, limit: height)
        let columns = Self.span(figure.centre.x, reach, limit: width)
        for y in rows {
            for x in columns {
                let below = pixels[y * width + x]
                pixels[y * width + x] = below + (colour - below) * figure.coverage(at: Self.centre(x, y))
            }
        }
    }

    /// Multiplies each pixel by a function of its centre.
    func light(_ gain: (SIMD2<Float>) -> Float) {
        for y in 0..<height {
            for x in 0..<width { pixels[y * width + x] *= gain(Self.centre(x, y)) }
        }
    }

    /// Adds noise (triangular, at most `noise` grey levels either way) and rounds to bytes in [height, width, 3].
    func quantize(into output: UnsafeMutablePointer<UInt8>, noise: Float, random: CounterRandom) {
        for i in 0..<height * width {
            let bits = random.block(UInt64(i))
            let first = SIMD3<Float>(Float(bits.x & 0xFFFF), Float(bits.y & 0xFFFF), Float(bits.z & 0xFFFF))
            let second = SIMD3<Float>(Float(bits.x >> 16), Float(bits.y >> 16), Float(bits.z >> 16))
            let level = pixels[i] * 255 + (first - second) * (noise / 65536)
            let clamped = level.clamped(lowerBound: SIMD3(repeating: 0), upperBound: SIMD3(repeating: 255))
            for channel in 0..<3 { output[i * 3 + channel] = UInt8(clamped[channel].rounded()) }
        }
    }

    private static func centre(_ x: Int, _ y: Int) -> SIMD2<Float> { SIMD2(Float(x) + 0.5, Float(y) + 0.5) }

    private static func span(_ centre: Float, _ reach: Float, limit: Int) -> Range<Int> {
        let low = min(max(Int(centre - reach), 0), limit)
        return low..<max(low, min(Int(centre + reach) + 1, limit))
    }
}
