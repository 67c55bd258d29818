/// Gradients rounded to bf16: the upper half of a single-precision number, to nearest, ties to even. A NaN stays one.
///
/// Rounding twice is rounding once, so sums round what they read without asking whether it has been rounded before. All
/// loops are integer operations and additions, whose results no vector width changes.
enum WireRounding {
    @inline(__always)
    static func rounded(_ bits: UInt32) -> UInt32 {
        let nearest = bits &+ (0x7FFF &+ (bits >> 16 & 1))
        // Rounding up could carry a NaN's digits into its sign.
        let isNaN = bits & 0x7FFF_FFFF > 0x7F80_0000
        return (isNaN ? bits | 0x0040_0000 : nearest) & 0xFFFF_0000
    }

    @inline(__always)
    static func rounded(_ value: Float) -> Float { Float(bitPattern: rounded(value.bitPattern)) }

    static func round(_ values: UnsafeMutablePointer<Float>, count: Int) {
        for i in 0..<count { values[i] = rounded(values[i]) }
    }

    /// left = left + right of rounded operands; the sum is rounded as well, unless it is the `root`.
    static func add(_ right: UnsafePointer<Float>, into left: UnsafeMutablePointer<Float>, count: Int, root: Bool) {
        if root {
            for i in 0..<count { left[i] = rounded(left[i]) + rounded(right[i]) }
        } else {
            for i in 0..<count { left[i] = rounded(rounded(left[i]) + rounded(right[i])) }
        }
    }

    static func pack(_ values: UnsafePointer<Float>, into words: UnsafeMutablePointer<UInt16>, count: Int) {
        for i in 0..<count { words[i] = UInt16(truncatingIfNeeded: rounded(values[i].bitPattern) >> 16) }
    }

    static func unpack(_ words: UnsafePointer<UInt16>, into values: UnsafeMutablePointer<Float>, count: Int) {
        for i in 0..<count { values[i] = Float(bitPattern: UInt32(words[i]) << 16) }
    }
}
