import Basics
import Execution

/// How one rank sums its shards in one step, for a given number of non-empty shards. At the end the rank's partial sums are
/// left, one for each subtree that it owns.
public struct ShardProgram: Sendable {
    /// The non-empty shards of all ranks: the first ones.
    public let present: Int
    /// This rank's non-empty shards.
    public let shards: Range<Int>
    public let sums: ShardSums
    /// Whether the last addition over all ranks yields the root of the tree. If not, one half of the tree has no shards,
    /// and the sum is a node below the root.
    let endsInRoot: Bool

    init(_ partition: ShardPartition, rank: Int, present: Int) {
        self.present = present
        shards = partition.shards(of: rank).clamped(to: 0..<present)
        endsInRoot = present > ReductionTree(shards: partition.shards).width / 2
        let subtrees = Self.subtrees(of: rank, partition, present: present)
        var levels: [Int] = []
        var additions: [Int] = []
        for (level, subtree) in subtrees.enumerated() {
            var top = level
            for count in ReductionTree.additions(after: Array(subtree.clamped(to: 0..<present))) {
                levels.append(top)
                additions.append(count)
                top += 1 - count
            }
        }
        sums = ShardSums(levels: levels, additions: additions, partials: subtrees.count)
    }

    /// The partial sums of this rank.
    public var partials: Int { sums.partials }

    /// How `rank` sums its shards if none is empty.
    package static func sums(_ partition: ShardPartition, rank: Int) -> ShardSums {
        ShardProgram(partition, rank: rank, present: partition.shards).sums
    }

    /// The subtrees of a rank that hold a non-empty shard: what its partial sums stand for.
    static func subtrees(of rank: Int, _ partition: ShardPartition, present: Int) -> [Range<Int>] {
        let tree = ReductionTree(shards: partition.shards)
        return tree.subtrees(of: partition.shards(of: rank)).filter { $0.lowerBound < present }
    }
}
