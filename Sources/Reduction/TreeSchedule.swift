import Basics
import MessagePassing

/// The partial sums of all ranks in one step, and how they travel, for a given number of non-empty shards. It is computed
/// once, and then only executed.
final class TreeSchedule {
    /// A partial sum of some rank, in the order of the tree.
    struct Partial {
        let rank: Int
        let level: Int
        /// How many additions follow on the owner's stack once this one has been pushed.
        let additions: Int
        /// The place among the partial sums from other ranks; nil for this rank's own, which is used where it lies.
        let place: Int?
    }

    /// The largest number of partial sums that any rank has. A bucket needs this number of all-to-all exchanges.
    let exchanges: Int
    /// The partial sums of all ranks.
    let partials: [Partial]
    private let sendLayouts: [RankLayout]
    private let receiveLayouts: [RankLayout]

    /// `present` shards, the first ones, are not empty.
    init(_ partition: ShardPartition, rank: Int, present: Int, _ buckets: BucketPlan) throws {
        let owners = (0..<partition.ranks).map { ShardProgram.subtrees(of: $0, partition, present: present) }
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
                let sends = level < owners[rank].count
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
}
