extension Replica {
    /// A step of a rank's shards, of so many samples each, without other ranks: its gradients are added along the tree in the order
    /// in which the replica was planned to take the shards. They are left in the first arenas, as many as `sums` leaves. Checks
    /// compare both orders. `load` fills in the samples of a shard.
    package func addGradients(
        of sizes: [Int], _ sums: ShardSums, seed: UInt64, step: UInt64,
        load: (_ plan: BoundPlan, _ firstSample: Int) throws -> Void
    ) throws {
        precondition(
            exchanges.allSatisfy { $0 == nil }, "shards of a network that exchanges statistics need other ranks")
        let isSideBySide = self.sums != nil && Set(sizes).count == 1
        weightsChanged()
        let plans = try sizes.indices.map { shard in
            try plan(
                .training, samples: sizes[shard], shard: shard, level: sums.levels[shard], isSideBySide: isSideBySide)
        }
        let contexts = sizes.indices.map { shard in
            StepContext(
                seed: seed, step: step, batchSize: sizes.reduce(0, +), firstSample: sizes.prefix(shard).reduce(0, +))
        }
        for segment in exchanges.indices {
            for (shard, plan) in plans.enumerated() {
                if segment == 0 {
                    try load(plan, contexts[shard].firstSample)
                    try plan.prepareWeights(contexts[shard])
                }
                if isSideBySide { continue }
                for kernel in plan.segments[segment].kernels { try kernel(contexts[shard]) }
                add(plan.segments[segment].gradients, of: shard, sums, plan.segments[segment])
            }
            for run in plans[0].segments[segment].runs {
                for kernel in run.forAllShards { try kernel(contexts[0]) }
                for (shard, plan) in plans.enumerated() where run.forAllShards.isEmpty {
                    for kernel in plan.segments[segment].kernels[run.kernels] { try kernel(contexts[shard]) }
                    add(run.gradients, of: shard, sums, plan.segments[segment])
                }
            }
            plans[0].segments[segment].sum?.add(sums)
        }
    }

    /// The additions that are due after a shard.
    private func add(_ ranges: [Range<Int>], of shard: Int, _ sums: ShardSums, _ segment: BoundPlan.Segment) {
        for addition in 0..<sums.additions[shard] {
            let top = sums.levels[shard] - addition
            let right = gradientStart(level: top, for: segment.gradients)
            let left = gradientStart(level: top - 1, for: segment.gradients)
            for element in ranges.joined() { left[element] += right[element] }
        }
    }
}
