import Basics
import MessagePassing
import Reduction
import Training

var reducerChecks: [RankCheck] {
    let shardCounts = [1, 3, 5, 8, 13]
    return shardCounts.map { shards in
        RankCheck("gradients and weights have the bits of the serial tree, shards: \(shards)") { check in
            if shards < check.size { return }
            try ReducerTrial(check, shards: shards).run(batches: batches(shards))
        }
    } + [
        RankCheck("buckets too large for MPI's eager sending have the bits of the serial tree") { check in
            let shards = check.size + 1
            try ReducerTrial(check, shards: shards, scale: 16).run(batches: [3 * shards, shards - 1])
        },
        RankCheck("rounded gradients have the bits of the serial tree, statistics are not rounded") { check in
            for shards in [1, 2, 3, 5, 8, 13] where shards >= check.size {
                try ReducerTrial(check, shards: shards, roundedCount: 7168).run(batches: batches(shards))
            }
        },
        RankCheck("gradients that leave only at the end give the same bits") { check in
            let shards = 2 * check.size + 1
            for roundedCount in [0, 7168] {
                try ReducerTrial(check, shards: shards, overlap: .none, roundedCount: roundedCount)
                    .run(batches: batches(shards))
            }
        },
        RankCheck("MPI's own reduction gives the same weights on all ranks, near the tree's") { check in
            let shards = 2 * check.size + 1
            try ReducerTrial(check, shards: shards, mode: .allReduce)
                .run(batches: batches(shards))
        },
        RankCheck("an arena whose slices were written by their owners is completed") { check in
            let trial = try ReducerTrial(check, shards: check.size)
            let arena = AlignedBuffer<Float>(count: trial.plan.count)
            for range in trial.reducer.ownedRanges { for i in range { arena[i] = Float(i) } }
            try trial.reducer.share(arena)
            check.expect(arena.elements.indices.allSatisfy { arena[$0] == Float($0) }, "elements are missing")
        },
    ]
}

/// Full batches, and tail batches that leave shards empty.
private func batches(_ shards: Int) -> [Int] {
    [4 * shards, 1, shards, max(1, shards / 2), max(1, shards - 1), 3 * shards]
}

/// A reducer driven as the trainer drives it, on gradients that are random functions of (step, shard, element), beside
/// the serial tree sum of the same gradients.
private final class ReducerTrial {
    let check: CheckContext
    let partition: ShardPartition
    let plan: BucketPlan
    let mode: Reducer.Mode
    let parameters: AlignedBuffer<Float>
    let levels: [AlignedBuffer<Float>]
    let reducer: Reducer
    private let updates: UpdateLog

    /// How often each element was updated, and the sums that were given.
    private final class UpdateLog {
        var counts: [Int]
        var sums: [Float]

        init(count: Int) {
            counts = Array(repeating: 0, count: count)
            sums = Array(repeating: 0, count: count)
        }
    }

    /// Parameters small and large against a bucket; the last bucket has fewer units than there are ranks.
    static func plan(ranks: Int, scale: Int = 1, roundedCount: Int = 0) -> BucketPlan {
        let cuts = [0, 16, 512, 1040, 1056, 7168, 8192].map { $0 * scale }
        return BucketPlan(
            count: 8192 * scale + 16, cuts: cuts, ranks: ranks, targetBytes: 4096 * scale, roundedCount: roundedCount)
    }

    init(
        _ check: CheckContext, shards: Int, mode: Reducer.Mode = .tree, overlap: Reducer.Overlap = .progress,
        scale: Int = 1, roundedCount: Int = 0
    ) throws {
        self.check = check
        self.mode = mode
        partition = ShardPartition(shards: shards, ranks: check.size)
        let plan = Self.plan(ranks: check.size, scale: scale, roundedCount: roundedCount)
        self.plan = plan
        let parameters = AlignedBuffer<Float>(count: plan.count)
        self.parameters = parameters
        let levelCount = Reducer.levelCount(partition: partition, rank: check.rank)
        levels = (0..<levelCount).map { _ in AlignedBuffer<Float>(count: plan.count) }
        let updates = UpdateLog(count: plan.count)
        self.updates = updates
        reducer = try Reducer(
            communicator: check.world, partition: partition, buckets: plan, parameters: parameters,
            gradientLevels: levels, mode: mode, overlap: overlap
        ) { range, sum in
            for i in range {
                updates.counts[i] += 1
                updates.sums[i] = sum[i - range.lowerBound]
                parameters[i] -= 0.125 * sum[i - range.lowerBound]
            }
        }
    }

    func run(batches: [Int]) throws {
        var weights = [Float](repeating: 0, count: plan.count)
        for (step, batch) in batches.enumerated() {
            try runStep(step, batch: batch)
            let expected = serialSums(step, batch: batch)
            for i in weights.indices { weights[i] -= 0.125 * expected[i] }
            compare(expected, weights, "step \(step), batch \(batch)")
            if mode == .allReduce { weights = Array(parameters.elements) }
        }
        let first = try check.world.broadcast(Array(parameters.elements))
        check.expect(bits(Array(parameters.elements)) == bits(first), "weights differ from rank 0's")
    }

    private func gradient(_ step: Int, _ shard: Int) -> CounterRandom {
        CounterRandom(seed: 1, purpose: .generatedData, stream: UInt64(step * 1000 + shard))
    }

    private func fill(_ step: Int, _ shard: Int, _ range: Range<Int>) {
        let random = gradient(step, shard)
        let level = levels[reducer.level(ofShard: shard)]
        for i in range { level[i] = random.uniform(UInt64(i), in: -1..<1) }
    }

    private func runStep(_ step: Int, batch: Int) throws {
        for i in updates.counts.indices { updates.counts[i] = 0 }
        // What a rank does between the calls differs from rank to rank.
        let whims = CounterRandom(seed: 2, purpose: .generatedData, stream: UInt64(step * 100 + check.rank))
        try reducer.begin(batch: batch)
        for shard in reducer.shards.dropLast() {
            for (start, end) in [(0, plan.count / 32 * 16), (plan.count / 32 * 16, plan.count)] {
                fill(step, shard, start..<end)
                reducer.shardFinished(shard, range: start..<end)
            }
        }
        if let last = reducer.shards.last {
            var ready = 0
            while ready < plan.count {
                let next = min(plan.count, ready + 16 * (1 + whims.integer(UInt64(ready), below: plan.count / 128)))
                fill(step, last, ready..<next)
                try reducer.gradientsReady(upTo: next)
                for _ in 0..<whims.integer(UInt64(ready + 1), below: 4) { try reducer.progress() }
                ready = next
            }
        }
        try reducer.finish()
    }

    private func serialSums(_ step: Int, batch: Int) -> [Float] {
        let tree = ReductionTree(shards: partition.shards)
        let randoms = (0..<partition.shards).map { shard in
            partition.samples(of: shard, batch: batch).isEmpty ? nil : gradient(step, shard)
        }
        return (0..<plan.count).map { i in
            let values = randoms.map { $0?.uniform(UInt64(i), in: -1..<1) }
            return i < plan.roundedCount ? roundedSum(values) : tree.sum(values, combine: +) ?? 0
        }
    }

    /// Down the tree from its root, which alone is not rounded; a single shard is.
    private func roundedSum(_ values: [Float?]) -> Float {
        func node(_ range: Range<Int>) -> Float? {
            if range.count == 1 { return values.indices.contains(range.lowerBound) ? values[range.lowerBound] : nil }
            let middle = range.lowerBound + range.count / 2
            let (left, right) = (node(range.lowerBound..<middle), node(middle..<range.upperBound))
            guard let left, let right else { return left ?? right }
            return nearestBfloat16(left) + nearestBfloat16(right)
        }
        var width = 1
        while width < values.count { width *= 2 }
        let root = node(0..<width) ?? 0
        let isSum = width > 1 && values.dropFirst(width / 2).contains { $0 != nil }
        return isSum ? root : nearestBfloat16(root)
    }

    /// Of the two neighbours with 8 significant bits the nearer one; of two equally near the even one.
    private func nearestBfloat16(_ value: Float) -> Float {
        let below = Float(bitPattern: value.bitPattern & 0xFFFF_0000)
        let above = Float(bitPattern: below.bitPattern + 0x1_0000)
        let (toBelow, toAbove) = (abs(Double(value) - Double(below)), abs(Double(above) - Double(value)))
        if toBelow != toAbove { return toBelow < toAbove ? below : above }
        return below.bitPattern & 0x1_0000 == 0 ? below : above
    }

    private func compare(_ expected: [Float], _ weights: [Float], _ when: String) {
        let owned = reducer.ownedRanges
        let ownedElements = owned.reduce(0) { $0 + $1.count }
        let once = owned.allSatisfy { $0.allSatisfy { updates.counts[$0] == 1 } }
        check.expect(once, "\(when): not one update an element")
        check.expect(updates.counts.reduce(0, +), equals: ownedElements, "\(when): updates")
        let got = Array(parameters.elements)
        if mode == .tree {
            let wrong = owned.joined().first { updates.sums[$0].bitPattern != expected[$0].bitPattern }
            if let wrong {
                check.expect(updates.sums[wrong], equals: expected[wrong], "\(when): sum of element \(wrong)")
            }
            check.expect(bits(got) == bits(weights), "\(when): the weights are not those of the serial sums")
        } else {
            let near = zip(got, weights).allSatisfy { abs($0 - $1) < 1e-5 }
            check.expect(near, "\(when): weights far from the serial ones")
        }
    }

    private func bits(_ values: [Float]) -> [UInt32] { values.map(\.bitPattern) }
}
