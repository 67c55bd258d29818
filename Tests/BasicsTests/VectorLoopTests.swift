import CIntrinsics
import Testing

/// The loops that are compiled for three instruction sets: all that this processor has compute the same bits.
struct VectorLoopTests {
    struct Variant: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let vectors: Int
        let round: @Sendable (UnsafeMutablePointer<Float>, Int) -> Void
        let pack: @Sendable (UnsafeMutablePointer<UInt16>, UnsafePointer<Float>, Int) -> Void
        let add: @Sendable (UnsafeMutablePointer<Float>, UnsafePointer<Float>, Int) -> Void
        let addExactly: @Sendable (UnsafeMutablePointer<Float>, UnsafePointer<Float>, Int) -> Void

        static let all = [
            Variant(
                testDescription: "baseline", vectors: dptrain_vectors_baseline,
                round: dptrain_round_bf16_baseline, pack: dptrain_pack_bf16_baseline, add: dptrain_add_bf16_baseline,
                addExactly: dptrain_add_exactly_bf16_baseline),
            Variant(
                testDescription: "AVX2", vectors: dptrain_vectors_avx2,
                round: dptrain_round_bf16_avx2, pack: dptrain_pack_bf16_avx2, add: dptrain_add_bf16_avx2,
                addExactly: dptrain_add_exactly_bf16_avx2),
            Variant(
                testDescription: "AVX-512", vectors: dptrain_vectors_avx512,
                round: dptrain_round_bf16_avx512, pack: dptrain_pack_bf16_avx512, add: dptrain_add_bf16_avx512,
                addExactly: dptrain_add_exactly_bf16_avx512),
        ].filter { $0.vectors <= Int(dptrain_widest_vectors()) }
    }

    /// Every sign and exponent, so infinities, NaNs and subnormals too, with digits on either side of each tie; in a number
    /// that no vector divides.
    private static let values: [Float] = (0..<512 as Range<UInt32>).flatMap { upper in
        [
            0, 1, 0x7FFF, 0x8000, 0x8001, 0xFFFF, 0x1_7FFF, 0x1_8000, 0x1_8001, 0x7F_7FFF, 0x7F_8000, 0x7F_FFFF,
            0x40_0000,
        ].map {
            Float(bitPattern: upper << 23 | $0)
        }
    }

    private static func result(_ variant: Variant) -> [UInt32] {
        let right = Array(values.reversed())
        var (rounded, added, addedExactly) = (values, values, values)
        var words = [UInt16](repeating: 0, count: values.count)
        variant.round(&rounded, values.count)
        variant.pack(&words, values, values.count)
        variant.add(&added, right, values.count)
        variant.addExactly(&addedExactly, right, values.count)
        // Which NaN a sum of two is, instruction sets may choose.
        let sums = (added + addedExactly).map { $0.isNaN ? Float.nan : $0 }
        return (rounded + sums).map(\.bitPattern) + words.map { UInt32($0) }
    }

    @Test(arguments: Variant.all)
    func agree(_ variant: Variant) {
        let (expected, came) = (Self.result(Variant.all[0]), Self.result(variant))
        let wrong = expected.indices.filter { expected[$0] != came[$0] }
        let first = wrong.first.map { "the first at \($0): expected bits \(expected[$0]), came \(came[$0])" }
        #expect(first == nil, "\(wrong.count) of \(expected.count) values differ")
    }
}
