import Basics
import Glibc
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
            try ReducerTrial(check, shards: shards, type: AllReduceExchange.self)
                .run(batches: batches(shards))
        },
        RankCheck("time that ranks wait for a slower one is told from time of communication") { check in
            if check.size == 1 { return }
            let sharing: [any GradientExchange.Type] =
                try check.world.nodeMap().nodes.count == 1 ? [NodeTreeExchange.self] : []
            for type in [TreeExchange.self] + sharing {
                let trial = try ReducerTrial(check, shards: check.size, type: type)
                let metrics = try MetricsExchange(check.world, trial.partition, heads: 0)
                // Half a second: far more than ranks that share cores are late by chance.
                if check.rank == 0 { usleep(500_000) }
                try trial.runStep(0, batch: check.size)
                let seen = trial.reducer.waits
                metrics.clear()
                _ = try metrics.combine(waited: seen.forCommunication)
                let waits = seen.knowing(leastForCommunication: metrics.leastWait)
                check.expect(abs(waits.total - seen.total) < 1e-9, "the sum of the parts has changed")
                let isLate = waits[.slowerRanks] < 0.25
                check.expect(isLate, equals: check.rank == 0, "\(type): rank \(check.rank) waited \(waits)")
            }
        },
        RankCheck("an arena whose slices were stored by their owners is gathered") { check in
            let trial = try ReducerTrial(check, shards: check.size)
            let values = (0..<trial.plan.count).map { Float($0) }
            let owned = OwnedArena(trial.exchangePlan.ownership, initialValue: -1)
            // As a checkpoint stores them, parameter by parameter.
            for range in [0..<16, 16..<1040, 1040..<trial.plan.count] {
                values[range].withUnsafeBufferPointer { owned.store($0, at: range.lowerBound) }
            }
            for range in trial.exchangePlan.ownership.ranges where !range.isEmpty {
                check.expect(owned.address(of: range.lowerBound).pointee, equals: Float(range.lowerBound), "a slice")
            }
            let whole = check.rank == 0 ? AlignedBuffer<Float>(count: owned.ownership.buckets.count) : nil
            try owned.gather(0..<owned.ownership.buckets.count, into: whole?.baseAddress, check.world)
            check.expect(whole != nil, equals: check.rank == 0, "who has the whole arena")
            if let whole { check.expect(Array(whole.elements) == values, "elements are missing") }
        },
    ]
}

/// Full batches, and tail batches that leave shards empty.
private func batches(_ shards: Int) -> [Int] {
    [4 * shards, 1, shards, max(1, shards / 2), max(1, shards - 1), 3 * shards]
}

/// A reducer driven as the trainer drives it, on gradients that are random functions of (step, shard, element), beside
/// the serial tree sum of the same gradients.
final class ReducerTrial {
    let check: CheckContext
    let partition: ShardPartition
    let plan: BucketPlan
    /// Whether sums have the bits of the tree.
    let isExact: Bool
    let exchangePlan: ExchangePlan
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
        _ check: CheckContext, shards: Int, type: any GradientExchange.Type = TreeExchange.self,
        overlap: Reducer.Overlap = .progress, scale: Int = 1, roundedCount: Int = 0, gate: NormGate? = nil,
        nodes: NodeMap? = nil
    ) throws {
        self.check = check
        isExact = type != AllReduceExchange.self
        partition = ShardPartition(shards: shards, ranks: check.size)
        let plan = Self.plan(ranks: check.size, scale: scale, roundedCount: roundedCount)
        self.plan = plan
        exchangePlan = ExchangePlan(
            type, partition, plan, parameterCount: plan.count, rank: check.rank, try nodes ?? check.world.nodeMap())
        let exchange = try exchangePlan.make(check.world)
        let parameters = exchange.arenas.parameters
        self.parameters = parameters
        levels = exchange.arenas.gradientLevels
        let updates = UpdateLog(count: plan.count)
        self.updates = updates
        reducer = Reducer(exchangePlan, exchange, overlap: overlap, gate: gate) { range, sum in
            check.expect(gate?.isOpen ?? true, "an update that should have been held back")
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
            if !isExact { weights = Array(parameters.elements) }
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

    /// The gradient of the last shard is no number at element `poisoned`.
    func runStep(_ step: Int, batch: Int, poisoned: Int? = nil) throws {
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
                if let poisoned, last == partition.shards - 1, (ready..<next).contains(poisoned) {
                    levels[reducer.level(ofShard: last)][poisoned] = .nan
                }
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
        let owned = exchangePlan.ownership.ranges
        let ownedElements = owned.reduce(0) { $0 + $1.count }
        let once = owned.allSatisfy { $0.allSatisfy { updates.counts[$0] == 1 } }
        check.expect(once, "\(when): not one update an element")
        check.expect(updates.counts.reduce(0, +), equals: ownedElements, "\(when): updates")
        let got = Array(parameters.elements)
        if isExact {
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
