/// How a rank adds the gradients of its shards along the tree: on a stack of levels. A shard's gradient is computed into the
/// level on top. Then levels are added into those below.
public struct ShardSums: Sendable, Equatable {
    /// For each shard the level its gradient is computed into, and the additions that follow.
    public let levels: [Int]
    public let additions: [Int]
    /// The sums that are left at the end: sum k lies in level k.
    public let partials: Int

    public init(levels: [Int], additions: [Int], partials: Int) {
        self.levels = levels
        self.additions = additions
        self.partials = partials
    }

    public var shards: Int { levels.count }
    public var levelCount: Int { (levels.max() ?? 0) + 1 }
}

/// What adds a gradient over the shards of a rank, while it is computed. It knows from notes where each shard's operands lie.
public protocol ShardSum: AnyObject {
    /// Writes the sums of the first shards, as many as `sums` has.
    func add(_ sums: ShardSums)
}

/// The `ShardSum`s of a replica by parameter: the plans of all its shards share them.
final class ShardSumTable {
    private var sums: [Int: any ShardSum] = [:]

    func known(_ parameter: Int) -> (any ShardSum)? { sums[parameter] }

    func sum(of parameter: Int, make: () -> any ShardSum) -> any ShardSum {
        if let known = sums[parameter] { return known }
        let sum = make()
        sums[parameter] = sum
        return sum
    }
}
