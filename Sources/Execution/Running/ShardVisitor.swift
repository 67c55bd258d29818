/// What is done with a rank's shards while they go through the segments of a training plan.
package protocol ShardVisitor {
    /// A shard's samples are due, and copies of weights that it is the first to read.
    mutating func begin(_ shard: Int) throws
    /// A shard runs a segment, or of shards that lie side by side one run of its kernels.
    mutating func run(_ segment: Int, of shard: Int, _ run: BoundPlan.Run?) throws
    /// One run of kernels for all shards at once.
    mutating func runForAllShards(_ segment: Int, _ run: BoundPlan.Run) throws
    /// All shards have run the segment.
    mutating func finish(_ segment: Int) throws
}

extension ShardVisitor {
    /// Takes shards through segments, in the order in which a step computes. `first` is the plan of the first of shards that lie side
    /// by side; nil if each shard goes through a whole segment before the next.
    package mutating func visit(_ shards: Range<Int>, _ segments: Range<Int>, sideBySide first: BoundPlan?) throws {
        for segment in segments {
            for shard in shards {
                if segment == segments.lowerBound { try begin(shard) }
                if first == nil { try run(segment, of: shard, nil) }
            }
            for run in first?.segments[segment].runs ?? [] {
                if run.forAllShards.isEmpty {
                    for shard in shards { try self.run(segment, of: shard, run) }
                } else {
                    try runForAllShards(segment, run)
                }
            }
            try finish(segment)
        }
    }
}
