import Basics
import MessagePassing

/// The partial sums of all nodes in one step, and how they are made and travel, for a given number of non-empty shards. It is
/// computed once, and then only executed.
final class NodeTreeSchedule {
    /// A partial sum of a rank of this node, in the order of the tree.
    struct Member {
        /// The rank's place in its node.
        let place: Int
        let level: Int
        /// How many additions follow once this one has been pushed.
        let additions: Int
    }

    /// The partial sums of this node, each the sum of its members: one for each subtree that the node's shards make up.
    let subtrees: [[Member]]
    /// The partial sums of all nodes; `rank` counts nodes, `level` the subtrees of the node.
    let partials: [TreeSchedule.Partial]
    /// The largest number of partial sums that any node has. A bucket needs this number of all-to-all exchanges.
    let exchanges: Int
    private let sendLayouts: [RankLayout]
    private let receiveLayouts: [RankLayout]

    /// `present` shards, the first ones, are not empty.
    init(_ partition: ShardPartition, rank: Int, present: Int, _ slices: NodeSlices) throws {
        let nodes = slices.nodes
        let (own, place) = (nodes.node(of: rank), slices.place(of: rank))
        let all = (0..<nodes.nodes.count).map { Self.subtrees(of: $0, nodes, partition, present: present) }
        subtrees = all[own].map { subtree in
            let parts = nodes.nodes[own].enumerated().flatMap { place, rank in
                ShardProgram.subtrees(of: rank, partition, present: present).enumerated().compactMap { level, part in
                    subtree.contains(part.lowerBound) ? (place: place, level: level, first: part.lowerBound) : nil
                }
            }
            let additions = ReductionTree.additions(after: parts.map(\.first))
            return zip(parts, additions).map { Member(place: $0.place, level: $0.level, additions: $1) }
        }
        var counts = ReductionTree.additions(after: all.flatMap { $0.map(\.lowerBound) })[...]
        var partials: [TreeSchedule.Partial] = []
        var received = 0
        for (node, subtrees) in all.enumerated() {
            for level in subtrees.indices {
                partials.append(
                    TreeSchedule.Partial(
                        rank: node, level: level, additions: counts.removeFirst(), place: node == own ? nil : received))
                if node != own { received += 1 }
            }
        }
        self.partials = partials
        let exchanges = nodes.nodes.count == 1 || place >= slices.columns ? 0 : all.map(\.count).max() ?? 0
        self.exchanges = exchanges

        var sendLayouts: [RankLayout] = []
        var receiveLayouts: [RankLayout] = []
        for bucket in slices.buckets.buckets.indices where exchanges > 0 {
            let column = slices.column(bucket, place)
            let parts = nodes.nodes.map { slices.slice(bucket, of: $0[place]) }
            for level in 0..<exchanges {
                let sends = level < all[own].count
                sendLayouts.append(
                    try RankLayout(
                        counts: parts.indices.map { sends && $0 != own ? parts[$0].count : 0 },
                        offsets: parts.map { $0.lowerBound - column.lowerBound }))
                let places = parts.indices.map { node in
                    partials.first { $0.rank == node && $0.level == level }?.place
                }
                receiveLayouts.append(
                    try RankLayout(
                        counts: places.map { $0 == nil ? 0 : parts[own].count },
                        offsets: places.map { ($0 ?? 0) * parts[own].count }))
            }
        }
        self.sendLayouts = sendLayouts
        self.receiveLayouts = receiveLayouts
    }

    /// What this rank sends of partial sum `level`, relative to the column's start.
    func sendLayout(bucket: Int, level: Int) -> RankLayout { sendLayouts[bucket * exchanges + level] }

    /// Where the other nodes' partial sums `level` go, relative to the bucket's receive area.
    func receiveLayout(bucket: Int, level: Int) -> RankLayout { receiveLayouts[bucket * exchanges + level] }

    /// The subtrees of a node that hold a non-empty shard. The ranks of a node have neighbouring shards.
    static func subtrees(
        of node: Int, _ nodes: NodeMap, _ partition: ShardPartition, present: Int
    ) -> [Range<Int>] {
        let ranks = nodes.nodes[node]
        let first = partition.shards(of: ranks[0])
        let last = partition.shards(of: ranks[ranks.count - 1])
        return ReductionTree(shards: partition.shards).subtrees(of: first.lowerBound..<last.upperBound)
            .filter { $0.lowerBound < present }
    }
}
