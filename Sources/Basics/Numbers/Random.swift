/// What a random number is for. Streams of different purposes never meet.
public enum RandomPurpose: UInt32, Sendable {
    case initialWeights = 1
    case shuffle = 2
    case dropout = 3
    case augmentation = 4
    case generatedData = 5
    case split = 6
    case heldOutRows = 7
    case balancing = 8
    case mixing = 9
    case noise = 10
}

/// Random numbers that are a pure function of (seed, purpose, stream, index): no state, so any rank can compute any of
/// them in any order. Philox 4x32-10 (Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", SC11).
public struct CounterRandom: Sendable {
    private let key: SIMD2<UInt32>
    private var stream: UInt64

    /// `stream` tells apart what shares a purpose: an epoch, a layer, a parameter, or a mix of them (`mix`).
    public init(seed: UInt64, purpose: RandomPurpose, stream: UInt64 = 0) {
        let mixed = Self.mix(seed, UInt64(purpose.rawValue))
        key = SIMD2(UInt32(truncatingIfNeeded: mixed), UInt32(truncatingIfNeeded: mixed >> 32))
        self.stream = stream
    }

    /// Numbers of their own for a part of what these are for.
    public func part(_ number: Int) -> CounterRandom {
        var part = self
        part.stream = Self.mix(stream, UInt64(truncatingIfNeeded: number))
        return part
    }

    /// Folds two numbers into one that depends on all their bits (the finaliser of SplitMix64).
    public static func mix(_ a: UInt64, _ b: UInt64) -> UInt64 {
        var z = a &+ 0x9E37_79B9_7F4A_7C15 &* (b &+ 1)
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }

    /// Four independent 32-bit numbers.
    public func block(_ index: UInt64) -> SIMD4<UInt32> {
        var c0 = UInt32(truncatingIfNeeded: index)
        var c1 = UInt32(truncatingIfNeeded: index >> 32)
        var c2 = UInt32(truncatingIfNeeded: stream)
        var c3 = UInt32(truncatingIfNeeded: stream >> 32)
        var k0 = key.x
        var k1 = key.y
        for _ in 0..<10 {
            let p0 = UInt64(0xD251_1F53) &* UInt64(c0)
            let p1 = UInt64(0xCD9E_8D57) &* UInt64(c2)
            let n0 = UInt32(truncatingIfNeeded: p1 >> 32) ^ c1 ^ k0
            let n2 = UInt32(truncatingIfNeeded: p0 >> 32) ^ c3 ^ k1
            c1 = UInt32(truncatingIfNeeded: p1)
            c3 = UInt32(truncatingIfNeeded: p0)
            c0 = n0
            c2 = n2
            k0 &+= 0x9E37_79B9
            k1 &+= 0xBB67_AE85
        }
        return SIMD4(c0, c1, c2, c3)
    }

    /// 64 random bits.
    public func bits(_ index: UInt64) -> UInt64 {
        let b = block(index)
        return UInt64(b.x) | UInt64(b.y) << 32
    }

    /// Uniform in [0, 1), a multiple of 2^-24.
    public func uniform(_ index: UInt64) -> Float { Self.unit(block(index).x) }

    /// Uniform in [low, high).
    public func uniform(_ index: UInt64, in range: Range<Float>) -> Float {
        range.lowerBound + (range.upperBound - range.lowerBound) * uniform(index)
    }

    /// Uniform in 0..<bound.
    public func integer(_ index: UInt64, below bound: Int) -> Int {
        Int(truncatingIfNeeded: bits(index).multipliedFullWidth(by: UInt64(bound)).high)
    }

    /// Fills `output` with uniform numbers of [0, 1): element i is number `start + i` of the stream, four to a block.
    /// `start` is a multiple of 4.
    public func fillUniform(_ output: UnsafeMutableBufferPointer<Float>, from start: UInt64) {
        precondition(start % 4 == 0, "a fill starts on a block")
        var i = 0
        while i < output.count {
            let b = block((start + UInt64(i)) / 4)
            for lane in 0..<min(4, output.count - i) { output[i + lane] = Self.unit(b[lane]) }
            i += 4
        }
    }

    private static func unit(_ bits: UInt32) -> Float { Float(bits >> 8) * 0x1p-24 }
}
