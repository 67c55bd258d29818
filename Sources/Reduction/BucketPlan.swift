import Basics

/// How an arena is cut to travel between the ranks. It is cut into buckets, which travel one by one as soon as their
/// gradients are ready. Each bucket is cut into one slice for each rank, which that rank sums and updates.
public struct BucketPlan: Sendable, Equatable {
    /// A bucket's bytes if the user chose none. They are large enough that latency does not matter. They are small enough
    /// that the first bucket leaves while most of the backward pass is still to come, and that a bucket stays in cache.
    /// With very many ranks they are larger: sending a message takes about as long as 8 KiB take to travel at 10 Gbit/s
    /// (docs/scaling.md).
    public static func standardBytes(arena bytes: Int, ranks: Int) -> Int {
        max(min(max(bytes / 8, 256 << 10), 4 << 20), ranks * 8 << 10)
    }
    /// Slices start at multiples of a cache line, so that a vector loop never meets a remainder.
    public static let unit = 16

    /// The elements of the arena.
    public let count: Int
    public let ranks: Int
    /// The number of elements, from the first one, that are rounded to bf16 before they are added or sent. A bucket ends
    /// behind them.
    public let roundedCount: Int
    /// Ascending, without gaps: together the arena.
    public let buckets: [Range<Int>]

    /// `cuts` are the offsets, ascending multiples of 16, at which parameters start. Gradients become ready one parameter
    /// at a time, so buckets end there. Only a parameter that is far larger than the target is cut inside.
    public init(
        count: Int, cuts: [Int], ranks: Int, targetBytes: Int? = nil, roundedCount: Int = 0
    ) {
        precondition(count > 0 && count % Self.unit == 0, "an arena is padded to multiples of \(Self.unit)")
        precondition(
            roundedCount == 0 || roundedCount == count || cuts.contains(roundedCount),
            "rounding ends within a parameter")
        self.count = count
        self.ranks = ranks
        self.roundedCount = roundedCount
        let stride = MemoryLayout<Float>.stride
        let bytes = targetBytes ?? Self.standardBytes(arena: count * stride, ranks: ranks)
        precondition(ranks > 0 && bytes > 0, "a plan needs ranks and a size")
        let target = min(bytes / stride, Int(Int32.max) / 4).rounded(upToMultipleOf: Self.unit)
        var buckets: [Range<Int>] = []
        var start = 0
        for cut in cuts + [count] where cut - start >= target || (cut > start && [roundedCount, count].contains(cut)) {
            precondition(cut % Self.unit == 0 && cut <= count, "a parameter starts at a multiple of \(Self.unit)")
            let units = (cut - start) / Self.unit
            let pieces = max(1, (cut - start) / target)
            for piece in 0..<pieces {
                let part = ShardPartition.part(piece, of: pieces, total: units)
                buckets.append(start + part.lowerBound * Self.unit..<start + part.upperBound * Self.unit)
            }
            start = cut
        }
        self.buckets = buckets
    }

    public func isRounded(_ bucket: Int) -> Bool { buckets[bucket].upperBound <= roundedCount }

    /// The arena range of `bucket` that belongs to `rank`; empty where there are more ranks than units.
    public func slice(_ bucket: Int, of rank: Int) -> Range<Int> {
        let range = buckets[bucket]
        let part = ShardPartition.part(rank, of: ranks, total: range.count / Self.unit)
        return range.lowerBound + part.lowerBound * Self.unit..<range.lowerBound + part.upperBound * Self.unit
    }
}
