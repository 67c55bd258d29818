import Basics
import DataPipeline
import Execution
import Models
import Reduction

/// The memory of one rank of a training run, added up before any of it is allocated.
extension MemoryNeed {
    /// With the readers of the run's data.
    init(
        _ plan: ReplicaPlan, _ exchange: ExchangePlan, _ options: TrainingOptions, _ data: RunData,
        _ sampler: Sampler, _ network: Network
    ) {
        let shards = exchange.partition.shards(of: exchange.rank)
        var reader = BatchReader.bytes(data.train, data.input.transforms, sampler, shards: shards)
        if let validation = data.validation, let input = data.validationInput {
            // It reads beside the reader of training samples, which waits meanwhile.
            let batches = Sampler(validation, batch: options.batchSize, shards: options.shards, seed: nil)
            reader += BatchReader.bytes(validation, input.transforms, batches, shards: shards)
        }
        self.init(plan, exchange, options, network, reader: reader)
    }

    /// Of a run on one rank whose data is not known: without readers, and as if every batch were full.
    package init(_ network: Network, engine: any Engine, _ options: TrainingOptions) throws {
        let partition = ShardPartition(shards: options.shards, ranks: 1)
        let sizes = Set(
            (0..<options.shards).map { ShardPartition.part($0, of: options.shards, total: options.batchSize).count })
        let demand = ReplicaPlan.Demand(
            options, targets: .label, training: sizes, evaluation: sizes, shards: options.shards)
        let loss = network.loss(network.usualLoss(for: .label), labelSmoothing: 0)
        let plan = try ReplicaPlan(network, loss: loss, engine: engine, demand)
        self.init(plan, ExchangePlan(options, plan.arena, partition, rank: 0), options, network, reader: 0)
    }

    private init(
        _ plan: ReplicaPlan, _ exchange: ExchangePlan, _ options: TrainingOptions, _ network: Network, reader: Int
    ) {
        self = plan.memory
        let arenas = exchange.memory
        (parameters, gradients, messages) = (arenas.parameters, arenas.gradients, arenas.messages)
        let float = MemoryLayout<Float>.stride
        let slots = options.algorithm.slots.count
        optimizer = slots * exchange.ownership.count * float
        self.reader = reader
        let weights = network.parameterCount * float
        // A checkpoint is composed in memory, and written from there. One parameter at a time lies beside it: its place in
        // an arena, and in Keras's shape.
        let largest = network.parameters.map(\.specification.shape.count).max() ?? 0
        let checkpoint = weights + slots * network.trainableParameterCount * float + 2 * largest * float
        // Other ranks only have the weights to start from, before the optimizer and the reader take their memory.
        files = exchange.rank == 0 ? checkpoint : max(0, weights - optimizer - reader)
        libraries = Self.libraries(for: network, ranks: exchange.partition.ranks)
    }

    /// An estimate of the memory that libraries take and do not report, fitted to the measurements of
    /// docs/benchmarks.md: pages of program code that are first needed when kernels run, compiled kernels, and MPI's
    /// buffers for each other rank.
    package static func libraries(for network: Network, ranks: Int) -> Int {
        (4 << 20) + network.nodes.count * (100 << 10) + (ranks - 1) * (256 << 10)
    }
}

extension ReplicaPlan.Demand {
    /// What a rank of a run with so many shards needs, for shards of these sizes.
    init(
        _ options: TrainingOptions, targets: TargetKind, training: Set<Int>, evaluation: Set<Int>, shards: Int
    ) {
        self.init()
        // One shard sees the whole batch: its statistics are the global ones.
        batchNormalization = options.shards == 1 ? .shard : options.batchNorm
        precision = options.precision
        self.targets = targets
        self.training = training
        self.evaluation = evaluation
        self.shards = shards
    }
}

extension ExchangePlan {
    /// The values that are averaged into the statistics of batch normalisation are not gradients, and are never
    /// rounded.
    init(_ options: TrainingOptions, _ arena: ArenaLayout, _ partition: ShardPartition, rank: Int) {
        let slices = arena.slices.filter { $0.role != .frozen }
        let statistics = slices.first { $0.role == .statistic }?.offset ?? arena.gradientCount
        let buckets = BucketPlan(
            count: arena.gradientCount, cuts: slices.map(\.offset).filter { $0 > 0 }, ranks: partition.ranks,
            targetBytes: options.bucketSize.map { $0 << 10 }, roundedCount: options.wire == .bf16 ? statistics : 0)
        self.init(options.reduction.type, partition, buckets, parameterCount: arena.count, rank: rank)
    }
}

extension NodeMemory.Account: CustomStringConvertible {
    package var description: String {
        let room = available == .max ? "" : "; \(ModelSummary.bytes(available)) are available"
        return "\(ModelSummary.bytes(total)) at most for \(Figures.count(ranks, "rank")) on this machine\(room)"
    }
}
