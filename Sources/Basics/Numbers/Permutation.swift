/// A random permutation of 0..<count as a function: nothing is stored, any position is computed alone.
///
/// A balanced Feistel network over the next even number of bits, walked until it lands inside the range (Black and
/// Rogaway, "Ciphers with arbitrary finite domains", 2002): on average fewer than four rounds of the walk.
public struct Permutation: Sendable {
    public let count: Int
    private let random: CounterRandom
    private let halfBits: UInt64
    private static let rounds: UInt64 = 6

    public init(count: Int, random: CounterRandom) {
        precondition(count >= 0, "a permutation of a negative count")
        self.count = count
        self.random = random
        let bits = count <= 1 ? 2 : Int.bitWidth - (count - 1).leadingZeroBitCount
        halfBits = UInt64(max(1, (bits + 1) / 2))
    }

    /// Where position `index` comes from.
    public subscript(index: Int) -> Int {
        precondition(index >= 0 && index < count, "index outside the permutation")
        var value = UInt64(index)
        repeat { value = encrypt(value) } while value >= UInt64(count)
        return Int(value)
    }

    /// The position that `value` goes to: `permutation[permutation.position(of: v)] == v`.
    public func position(of value: Int) -> Int {
        precondition(value >= 0 && value < count, "value outside the permutation")
        var index = UInt64(value)
        repeat { index = decrypt(index) } while index >= UInt64(count)
        return Int(index)
    }

    private var mask: UInt64 { (1 << halfBits) - 1 }

    private func encrypt(_ value: UInt64) -> UInt64 {
        var left = value >> halfBits
        var right = value & mask
        for round in 0..<Self.rounds {
            (left, right) = (right, left ^ (random.bits(round << 40 | right) & mask))
        }
        return left << halfBits | right
    }

    private func decrypt(_ value: UInt64) -> UInt64 {
        var left = value >> halfBits
        var right = value & mask
        for round in (0..<Self.rounds).reversed() {
            (left, right) = (right ^ (random.bits(round << 40 | left) & mask), left)
        }
        return left << halfBits | right
    }
}
