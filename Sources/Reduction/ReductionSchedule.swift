import MessagePassing
import Basics

/// What one rank does in one step, for a given number of non-empty shards: worked out once, then only executed.
///
/// A rank sums its shards on a stack of gradient arenas, the *levels*: a shard's gradient is computed into the level on
/// top, and additions of one level into the one below follow. What is left are the rank's partial sums, one a subtree
/// that it owns: partial sum k lies in level k.
final class ReductionSchedule {
    /// A partial sum of some rank, in the order of the tree.
    struct Partial {
        let rank: Int
        let level: Int
        /// How many additions follow on the owner's stack once this one has been pushed.
        let additions: Int
        /// The place among those that come from other ranks; nil for this rank's own, which is used where it lies.
        let place: Int?
    }

    /// This rank's non-empty shards.
    let shards: Range<Int>
    /// For each of them the level its gradient is computed into, and the additions that follow.
    let levels: [Int]
    let additions: [Int]
    /// The most partial sums that any rank has: so many all-to-all exchanges make a bucket.
    let exchanges: Int
    /// The partial sums of this rank.
    let ownPartials: Int
    /// The partial sums of all ranks.
    let partials: [Partial]
    /// Whether the last of all additions yields the root of the tree. Else shards are missing in one half of it, and
    /// the sum is a node further down.
    let endsInRoot: Bool
    private let sendLayouts: [RankLayout]
    private let receiveLayouts: [RankLayout]

    /// `present` shards, the first ones, are not empty.
    init(partition: ShardPartition, rank: Int, present: Int, buckets: BucketPlan) throws {
        shards = partition.shards(of: rank).clamped(to: 0..<present)
        endsInRoot = present > ReductionTree(shards: partition.shards).width / 2
        (levels, additions) = Self.program(of: rank, partition, present: present)

        let owners = (0..<partition.ranks).map { Self.subtrees(of: $0, partition, present: present) }
        ownPartials = owners[rank].count
        let nodes = owners.flatMap { $0.map(\.lowerBound) }
        var counts = ReductionTree.additions(after: nodes)[...]
        var partials: [Partial] = []
        var place = 0
        for (owner, subtrees) in owners.enumerated() {
            for level in subtrees.indices {
                let isOwn = owner == rank
                partials.append(
                    Partial(rank: owner, level: level, additions: counts.removeFirst(), place: isOwn ? nil : place))
                if !isOwn { place += 1 }
            }
        }
        self.partials = partials
        let exchanges = partition.ranks == 1 ? 0 : owners.map(\.count).max() ?? 0
        self.exchanges = exchanges

        var sendLayouts: [RankLayout] = []
        var receiveLayouts: [RankLayout] = []
        for bucket in buckets.buckets.indices {
            let start = buckets.buckets[bucket].lowerBound
            let slices = (0..<partition.ranks).map { buckets.slice(bucket, of: $0) }
            for level in 0..<exchanges {
                let sends = level < ownPartials
                sendLayouts.append(
                    try RankLayout(
                        counts: slices.indices.map { sends && $0 != rank ? slices[$0].count : 0 },
                        offsets: slices.map { $0.lowerBound - start }))
                let places = slices.indices.map { sender in
                    partials.first { $0.rank == sender && $0.level == level }?.place
                }
                receiveLayouts.append(
                    try RankLayout(
                        counts: places.map { $0 == nil ? 0 : slices[rank].count },
                        offsets: places.map { ($0 ?? 0) * slices[rank].count }))
            }
        }
        self.sendLayouts = sendLayouts
        self.receiveLayouts = receiveLayouts
    }

    /// What this rank sends of partial sum `level`, relative to the bucket's start.
    func sendLayout(bucket: Int, level: Int) -> RankLayout { sendLayouts[bucket * exchanges + level] }

    /// Where the other ranks' partial sums `level` go, relative to the bucket's receive area.
    func receiveLayout(bucket: Int, level: Int) -> RankLayout { receiveLayouts[bucket * exchanges + level] }

    /// The stack program that leaves a rank's partial sums in levels 0, 1, ...: for each of its non-empty shards the
    /// level to compute into and the additions that follow.
    static func program(
        of rank: Int, _ partition: ShardPartition, present: Int
    ) -> (levels: [Int], additions: [Int]) {
        var levels: [Int] = []
        var additions: [Int] = []
        for (level, subtree) in subtrees(of: rank, partition, present: present).enumerated() {
            var top = level
            for count in ReductionTree.additions(after: Array(subtree.clamped(to: 0..<present))) {
                levels.append(top)
                additions.append(count)
                top += 1 - count
            }
        }
        return (levels, additions)
    }

    /// The subtrees of a rank that hold a non-empty shard.
    private static func subtrees(of rank: Int, _ partition: ShardPartition, present: Int) -> [Range<Int>] {
        let tree = ReductionTree(shards: partition.shards)
        return tree.subtrees(of: partition.shards(of: rank)).filter { $0.lowerBound < present }
    }
}
