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
        try withoutActuallyEscaping(load) { load in
            var addition = GradientAddition(replica: self, sums: sums, plans: plans, contexts: contexts, load: load)
            try addition.visit(sizes.indices, exchanges.indices, sideBySide: isSideBySide ? plans[0] : nil)
        }
    }
}

/// Adds the gradients of shards along the tree while they are computed.
private struct GradientAddition: ShardVisitor {
    let replica: Replica
    let sums: ShardSums
    let plans: [BoundPlan]
    let contexts: [StepContext]
    let load: (_ plan: BoundPlan, _ firstSample: Int) throws -> Void

    func begin(_ shard: Int) throws {
        try load(plans[shard], contexts[shard].firstSample)
        try plans[shard].prepareWeights(contexts[shard])
    }

    func run(_ index: Int, of shard: Int, _ run: BoundPlan.Run?) throws {
        let segment = plans[shard].segments[index]
        for kernel in segment.kernels[run?.kernels ?? segment.kernels.indices] { try kernel(contexts[shard]) }
        for addition in 0..<sums.additions[shard] {
            let top = sums.levels[shard] - addition
            let right = replica.gradientStart(level: top, for: segment.gradients)
            let left = replica.gradientStart(level: top - 1, for: segment.gradients)
            for element in (run?.gradients ?? segment.gradients).joined() { left[element] += right[element] }
        }
    }

    func runForAllShards(_ segment: Int, _ run: BoundPlan.Run) throws {
        for kernel in run.forAllShards { try kernel(contexts[0]) }
    }

    func finish(_ segment: Int) { plans[0].segments[segment].sum?.add(sums) }
}
