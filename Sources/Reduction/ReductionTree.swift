import Basics

/// The fixed binary tree along which everything that shards produce is summed.
///
/// Its leaves are the shards 0..<S, padded with absent ones to a power of two; a node is an aligned range of shards
/// whose width is a power of two. A node with two present children is their sum, left operand first; a node with one
/// present child *is* that child (adding +0 would turn -0 into +0); a node without present children is absent. The tree
/// and the bits of every sum along it depend on S and on which shards are empty, never on ranks.
public struct ReductionTree: Sendable, Equatable {
    public let shards: Int
    /// `shards`, rounded up to a power of two.
    public let width: Int

    public init(shards: Int) {
        precondition(shards > 0, "a tree needs a shard")
        self.shards = shards
        width = 1 << (Int.bitWidth - (shards - 1).leadingZeroBitCount)
    }

    /// The sum over all shards, computed here and now. `value` gives a shard's value, nil for an empty shard; `combine`
    /// adds two neighbours, the left one first. Nil if all shards are empty.
    public func sum<T>(_ value: (Int) throws -> T?, combine: (T, T) throws -> T) rethrows -> T? {
        try sum(over: 0..<width, value, combine)
    }

    /// The sum of one value a shard, nil for empty shards.
    public func sum<T>(_ values: [T?], combine: (T, T) throws -> T) rethrows -> T? {
        precondition(values.count == shards, "one value a shard")
        return try sum({ values[$0] }, combine: combine)
    }

    private func sum<T>(
        over node: Range<Int>, _ value: (Int) throws -> T?, _ combine: (T, T) throws -> T
    ) rethrows -> T? {
        if node.lowerBound >= shards { return nil }
        if node.count == 1 { return try value(node.lowerBound) }
        let middle = node.lowerBound + node.count / 2
        let left = try sum(over: node.lowerBound..<middle, value, combine)
        let right = try sum(over: middle..<node.upperBound, value, combine)
        guard let left, let right else { return left ?? right }
        return try combine(left, right)
    }

    /// The largest nodes that together make up `range`, from left to right: a rank that owns these shards can sum each of
    /// them alone. Shards that do not exist belong to the last range.
    public func subtrees(of range: Range<Int>) -> [Range<Int>] {
        let end = range.upperBound == shards ? width : range.upperBound
        var nodes: [Range<Int>] = []
        var start = range.lowerBound
        while start < end {
            var size = start == 0 ? width : 1 << start.trailingZeroBitCount
            while start + size > end { size /= 2 }
            nodes.append(start..<start + size)
            start += size
        }
        return nodes
    }

    /// The tree as the program of a stack machine: the present nodes, given by any shard of each in ascending order,
    /// are pushed one by one; after node i the top of the stack is added into the value below it `additions[i]` times.
    /// At the end only the total is left.
    public static func additions(after nodes: [Int]) -> [Int] {
        var open: [Int] = []
        var additions = [Int](repeating: 0, count: nodes.count)
        for (index, node) in nodes.enumerated() {
            open.append(node)
            let next = index + 1 < nodes.count ? nodes[index + 1] : Int.max
            // The two on top are summed when their common ancestor has no further present node.
            while open.count > 1, next >= endOfCommonAncestor(open[open.count - 2], open[open.count - 1]) {
                open.removeLast()
                additions[index] += 1
            }
        }
        return additions
    }

    /// The first shard behind the smallest node that holds both shards.
    private static func endOfCommonAncestor(_ a: Int, _ b: Int) -> Int {
        let height = Int.bitWidth - (a ^ b).leadingZeroBitCount
        return (a >> height + 1) << height
    }
}
