import Basics
import Execution
import MessagePassing
import Reduction
import Training

/// The reducer between real ranks, against the same sums computed here, one after the other.
package enum ReductionChecks {
    package static var all: [Check<Communicator>] {
        [
            Check("reduction = serial sum", sums), Check("a wrong sum is noticed", wrongSums),
            Check("speed of the reduction", speed),
        ]
    }

    private static func sums(_ world: Communicator) throws -> String {
        // As many as ranks, one more, the default, and one that fills no tree.
        let shardCounts = Set([world.size, world.size + 1, max(world.size, 8), 2 * world.size + 5]).sorted()
        for shards in shardCounts {
            let trial = try ReductionTrial(world, shards: shards, count: 16_384)
            // The second batch leaves a shard empty.
            for batch in [4 * shards, shards - 1] {
                try trial.run(batch: batch)
                let wrong = trial.differences(from: trial.serialSums(batch: batch))
                try require(wrong.isEmpty, "\(shards) shards: \(wrong.count) of \(trial.count) sums have other bits")
            }
        }
        let list = shardCounts.map(String.init).joined(separator: ", ")
        return "16,384 gradients, bit-equal for \(list) shards"
    }

    /// The comparison above must notice one wrong value, and a wrong order of additions.
    private static func wrongSums(_ world: Communicator) throws -> String {
        let shards = world.size + 3
        let trial = try ReductionTrial(world, shards: shards, count: 16_384)
        let wrong = 7_000
        try trial.run(batch: shards) { shard, gradient in
            if shard == shards - 1 { gradient[wrong] *= 1.001 }
        }
        let expected = trial.serialSums(batch: shards)
        let found = trial.differences(from: expected)
        try require(found == [wrong], "a gradient was changed at \(wrong), but sums are found to differ at \(found)")
        try trial.run(batch: shards)
        let inOtherOrder = trial.differences(from: trial.sumsFromLeftToRight(batch: shards)).count
        try require(inOtherOrder > 0, "sums in another order are taken for the same")
        return "one changed gradient; another order of additions (\(inOtherOrder.grouped) sums differ)"
    }

    private static func speed(_ world: Communicator) throws -> String {
        let trial = try ReductionTrial(world, shards: world.size, count: 4 << 20)
        var best = Double.infinity
        for _ in 0..<8 {
            try world.barrier()
            let start = ContinuousClock.now
            try trial.reduce(batch: world.size)
            try world.barrier()
            best = min(best, (ContinuousClock.now - start) / .seconds(1))
        }
        let bytes = Double(trial.count * MemoryLayout<Float>.stride)
        return "\((bytes / best / 1e9).rounded(to: 2)) GB/s of gradients (16 MB in \((best * 1000).rounded(to: 1)) ms)"
    }
}

/// A reducer fed with gradients that are random functions of (shard, element); its sums become the parameters.
private final class ReductionTrial {
    let count: Int
    private let reducer: Reducer
    private let arenas: Arenas
    private var parameters: AlignedBuffer<Float> { arenas.parameters }

    /// `count` gradients, a multiple of 16.
    init(_ world: Communicator, shards: Int, count: Int) throws {
        self.count = count
        let partition = ShardPartition(shards: shards, ranks: world.size)
        // Several buckets, also for few gradients.
        let buckets = BucketPlan(
            count: count, cuts: [count / 4, count / 2], ranks: world.size,
            targetBytes: min(count, 4 << 20))
        let nodes = try world.memorySharing(world.nodeMap()).nodes
        let plan = ExchangePlan(
            ExchangeKind.tree.type(nodes), partition, buckets, parameterCount: count, rank: world.rank, nodes)
        let exchange = try plan.make(world)
        arenas = exchange.arenas
        let parameters = exchange.arenas.parameters
        reducer = Reducer(plan, exchange) { range, sum in
            (parameters.baseAddress + range.lowerBound).update(from: sum, count: range.count)
        }
    }

    /// Fills in this rank's gradients, which `change` may alter, and reduces them. Collective.
    func run(batch: Int, change: (_ shard: Int, UnsafeMutablePointer<Float>) -> Void = { _, _ in }) throws {
        try reduce(batch: batch) { shard, gradient in
            for i in 0..<self.count { gradient[i] = Self.gradient(shard, i) }
            change(shard, gradient)
        }
    }

    /// Collective. Without `fill` the sums have no meaning.
    func reduce(batch: Int, fill: (_ shard: Int, UnsafeMutablePointer<Float>) -> Void = { _, _ in }) throws {
        try reducer.begin(batch: batch)
        for shard in reducer.shards {
            fill(shard, arenas.gradientLevels[reducer.level(ofShard: shard)].baseAddress)
            if shard == reducer.shards.last {
                try reducer.gradientsReady(upTo: count)
            } else {
                reducer.shardFinished(shard, range: 0..<count)
            }
        }
        try reducer.finish()
    }

    func serialSums(batch: Int) -> [Float] {
        let tree = ReductionTree(shards: reducer.partition.shards)
        return sums(batch: batch) { values in tree.sum(values, combine: +) ?? 0 }
    }

    func sumsFromLeftToRight(batch: Int) -> [Float] {
        sums(batch: batch) { values in values.compactMap { $0 }.reduce(0, +) }
    }

    /// The places at which the reducer's sums have other bits.
    func differences(from expected: [Float]) -> [Int] {
        (0..<count).filter { parameters[$0].bitPattern != expected[$0].bitPattern }
    }

    private func sums(batch: Int, of shards: ([Float?]) -> Float) -> [Float] {
        let partition = reducer.partition
        let present = (0..<partition.shards).map { !partition.samples(of: $0, batch: batch).isEmpty }
        return (0..<count).map { i in
            shards(present.enumerated().map { shard, isPresent in isPresent ? Self.gradient(shard, i) : nil })
        }
    }

    private static func gradient(_ shard: Int, _ index: Int) -> Float {
        CounterRandom(seed: 1, purpose: .generatedData, stream: UInt64(shard)).uniform(UInt64(index), in: -1..<1)
    }
}
