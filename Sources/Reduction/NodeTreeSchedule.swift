import Basics
import MessagePassing

/// The partial sums of a node in one step, how they are made, and how those of all nodes travel, for a given number of non-empty shards. It is
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
    /// Those of all nodes.
    let transfer: TreeSchedule

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
        let buckets = slices.sends(rank) ? slices.buckets.buckets.indices : 0..<0
        transfer = try TreeSchedule(
            all, partner: own, slices: buckets.map { slices.slices($0, ofPlace: place) })
    }

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
