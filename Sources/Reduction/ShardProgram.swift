import Basics

/// How one rank sums its shards in one step, for a given number of non-empty shards.
///
/// A rank sums its shards on a stack of gradient arenas, the *levels*. A shard's gradient is computed into the level on
/// top; then levels are added into those below. At the end the rank's partial sums are left, one for each subtree that it
/// owns: partial sum k lies in level k.
public struct ShardProgram: Sendable {
    /// The non-empty shards of all ranks: the first ones.
    public let present: Int
    /// This rank's non-empty shards.
    public let shards: Range<Int>
    /// The partial sums of this rank.
    public let partials: Int
    /// For each shard the level its gradient is computed into, and the additions that follow.
    let levels: [Int]
    let additions: [Int]
    /// Whether the last addition over all ranks yields the root of the tree. If not, one half of the tree has no shards,
    /// and the sum is a node below the root.
    let endsInRoot: Bool

    init(_ partition: ShardPartition, rank: Int, present: Int) {
        self.present = present
        shards = partition.shards(of: rank).clamped(to: 0..<present)
        endsInRoot = present > ReductionTree(shards: partition.shards).width / 2
        let subtrees = Self.subtrees(of: rank, partition, present: present)
        partials = subtrees.count
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
        self.levels = levels
        self.additions = additions
    }

    /// The gradient arenas that `rank` needs.
    public static func levelCount(_ partition: ShardPartition, rank: Int) -> Int {
        let program = ShardProgram(partition, rank: rank, present: partition.shards)
        return (program.levels.max() ?? 0) + 1
    }

    /// The subtrees of a rank that hold a non-empty shard: what its partial sums stand for.
    static func subtrees(of rank: Int, _ partition: ShardPartition, present: Int) -> [Range<Int>] {
        let tree = ReductionTree(shards: partition.shards)
        return tree.subtrees(of: partition.shards(of: rank)).filter { $0.lowerBound < present }
    }
}
