import Basics
import Checkpoints
import DataPipeline
import Execution
import MessagePassing
import Reduction

/// The parts that compute the steps of a run, planned for its data and this rank. Everything that a run allocates is
/// allocated here.
package struct RunParts {
    package let partition: ShardPartition
    package let sampler: Sampler
    let stepsPerEpoch: Int
    package let replica: Replica
    package let reducer: Reducer
    let update: ParameterUpdate
    package let loader: SampleLoader
    /// The memory that the ranks of this machine take together.
    let memory: NodeMemory.Account

    /// Collective. Weights and slots are those of `resumed`, or those that a new run starts from.
    package init(
        _ options: TrainingOptions, _ data: RunData, _ definition: ModelDefinition, _ engine: any Engine,
        _ communicator: Communicator, resumed: RunState? = nil
    ) throws {
        let partition = ShardPartition(shards: options.shards, ranks: communicator.size)
        let sampler = Sampler(
            data.train, batch: options.batchSize, shards: options.shards, seed: options.shuffle ? options.seed : nil)
        let demand = Self.demand(options, data, sampler, partition, rank: communicator.rank)
        let plan = try communicator.together {
            try ReplicaPlan(definition.network, loss: definition.loss, engine: engine, demand)
        }
        let exchangePlan = ExchangePlan(
            options.reduction.type, partition, Self.buckets(options, plan.arena, ranks: communicator.size),
            parameterCount: plan.arena.count, rank: communicator.rank)
        memory = try NodeMemory.requireRoom(
            for: MemoryNeed(plan, exchangePlan, options, data, sampler, definition.network),
            of: definition.network.name, communicator)
        let exchange = try exchangePlan.make(communicator)
        let replica = try communicator.together {
            let replica = Replica(plan, exchange.arenas)
            try replica.setWeights(try resumed?.weights ?? definition.initialWeights(options))
            return replica
        }
        let update = ParameterUpdate(options.algorithm, l2: Float(options.l2), replica, exchangePlan.ownership)
        let reducer = Reducer(exchangePlan, exchange, overlap: options.overlap) { range, gradient in
            try update.apply(range, gradient: gradient)
        }
        if let resumed { try Checkpointing.restore(resumed, replica, update) }
        self.partition = partition
        self.sampler = sampler
        stepsPerEpoch = min(options.stepsPerEpoch ?? sampler.steps, sampler.steps)
        self.replica = replica
        self.reducer = reducer
        self.update = update
        loader = SampleLoader(data.input)
    }

    /// The values that are averaged into the statistics of batch normalisation are not gradients, and are never
    /// rounded.
    private static func buckets(_ options: TrainingOptions, _ arena: ArenaLayout, ranks: Int) -> BucketPlan {
        let slices = arena.slices.filter { $0.role != .frozen }
        let statistics = slices.first { $0.role == .statistic }?.offset ?? arena.gradientCount
        return BucketPlan(
            count: arena.gradientCount, cuts: slices.map(\.offset).filter { $0 > 0 }, ranks: ranks,
            targetBytes: options.bucketSize.map { $0 << 10 }, roundedCount: options.wire == .bf16 ? statistics : 0)
    }

    /// Where a traced run records; nil for others. Collective. It is made before the step, whose plans record their
    /// kernels.
    package func trace(_ options: TrainingOptions, _ communicator: Communicator) throws -> RankTrace? {
        guard let request = TraceRequest(options) else { return nil }
        let buckets = reducer.buckets.buckets.count
        let shards = partition.shards(of: communicator.rank).count
        let trace = try RankTrace(
            request, communicator, spansPerStep: (replica.trainingKernels + 1) * shards + 4 * buckets + 8,
            shards: shards)
        replica.spans = trace.compute
        reducer.trace = ReductionTrace(compute: trace.compute, messages: trace.messages, buckets: buckets)
        return trace
    }

    package func step(
        _ options: TrainingOptions, _ communicator: Communicator, _ trace: RankTrace?
    ) throws -> TrainingStep {
        try TrainingStep(
            replica, reducer, update, trace.map { loader.traced(into: $0.compute) } ?? loader, communicator,
            TrainingStep.Settings(seed: options.seed, weightDecay: Float(options.optimizer.weightDecay)))
    }

    /// Sizes of all shards that this rank will meet.
    private static func demand(
        _ options: TrainingOptions, _ data: RunData, _ sampler: Sampler, _ partition: ShardPartition, rank: Int
    ) -> ReplicaPlan.Demand {
        var demand = ReplicaPlan.Demand()
        // One shard sees the whole batch: its statistics are the global ones.
        demand.batchNormalization = options.shards == 1 ? .shard : options.batchNorm
        demand.precision = options.precision
        demand.targets = data.targetKind
        demand.training = sampler.shardSizes
        if let validation = data.validation {
            let batches = Sampler(validation, batch: options.batchSize, shards: options.shards, seed: nil)
            demand.evaluation = batches.shardSizes
        }
        demand.shards = partition.shards(of: rank).count
        return demand
    }
}

extension Sampler {
    /// The sizes of shards of all batches. All ranks plan for all of them, so that all have the same arena.
    package var shardSizes: Set<Int> {
        Set([0, steps - 1].flatMap { step in (0..<shards).map { count(step: step, shard: $0) } })
    }
}

extension TrainingOptions {
    /// Checks what one option alone cannot show, and what this number of ranks requires.
    package func validate(ranks: Int) throws {
        try validate()
        guard ranks <= shards else {
            throw TrainingError(
                "\(ranks) ranks share only \(shards) shards, and a rank without a shard has nothing to do; "
                    + "start at most \(shards) ranks, or choose --shards \(ranks) or more")
        }
    }
}
