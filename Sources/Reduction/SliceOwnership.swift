import MessagePassing

/// Which rank sums and updates which part of the arena. It depends only on the bucket plan, the kind of exchange and
/// the nodes. So
/// what depends on it, such as an optimizer's memory, can be made before the exchange.
public struct SliceOwnership {
    public let buckets: BucketPlan
    public let rank: Int
    /// The parts of the arena that this rank updates, one a bucket, ascending; some may be empty.
    public let ranges: [Range<Int>]
    /// Whether every rank updates everything; also true if there is only one rank.
    public let isReplicated: Bool
    private let type: any GradientExchange.Type
    private let nodes: NodeMap

    public init(_ type: any GradientExchange.Type, _ buckets: BucketPlan, _ nodes: NodeMap, rank: Int) {
        self.type = type
        self.nodes = nodes
        self.buckets = buckets
        self.rank = rank
        ranges = buckets.buckets.indices.map { type.slice($0, of: rank, buckets, nodes) }
        isReplicated = buckets.buckets.enumerated().allSatisfy { bucket, range in
            (0..<buckets.ranks).allSatisfy { type.slice(bucket, of: $0, buckets, nodes) == range }
        }
    }

    /// The elements that this rank owns.
    public var count: Int { ranges.reduce(0) { $0 + $1.count } }

    /// The arena range of `bucket` that `rank` owns.
    public func slice(_ bucket: Int, of rank: Int) -> Range<Int> {
        type.slice(bucket, of: rank, buckets, nodes)
    }
}
