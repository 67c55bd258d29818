import CIntrinsics

/// Gradients rounded to bf16: the upper half of a single-precision number, to nearest, ties to even.
///
/// Rounding a second time changes nothing, so sums round what they read without checking whether it is rounded already.
enum WireRounding {
    static func round(_ values: UnsafeMutablePointer<Float>, count: Int) {
        dptrain_round_bf16(values, count)
    }

    /// left = left + right of rounded operands; the sum is rounded as well, unless it is the `root`.
    static func add(_ right: UnsafePointer<Float>, into left: UnsafeMutablePointer<Float>, count: Int, root: Bool) {
        if root { dptrain_add_exactly_bf16(left, right, count) } else { dptrain_add_bf16(left, right, count) }
    }

    static func pack(_ values: UnsafePointer<Float>, into words: UnsafeMutablePointer<UInt16>, count: Int) {
        dptrain_pack_bf16(words, values, count)
    }

    static func unpack(_ words: UnsafePointer<UInt16>, into values: UnsafeMutablePointer<Float>, count: Int) {
        for i in 0..<count { values[i] = Float(bitPattern: UInt32(words[i]) << 16) }
    }
}
