import Basics
import Execution
import Interchange
import MessagePassing
import Models
import Reduction
import Options

/// The memory of one rank, added up before any of it is allocated.
extension MemoryNeed {
    /// Of a run on one rank whose data is not known: without readers, and as if every batch were full.
    package init(_ network: Network, engine: any Engine, _ options: TrainingOptions) throws {
        let partition = ShardPartition(shards: options.shards, ranks: 1)
        let sizes = Set(
            (0..<options.shards).map { ShardPartition.part($0, of: options.shards, total: options.batchSize).count })
        var demand = ReplicaPlan.Demand(options, targets: .label, shards: options.shards)
        (demand.training, demand.evaluation) = (sizes, sizes)
        demand.sums = options.shardSums(partition, rank: 0)
        let loss = network.loss(network.usualLoss(for: .label), labelSmoothing: 0)
        let plan = try ReplicaPlan(network, loss: loss, engine: engine, demand)
        self = plan.memory
        libraries = Self.libraries(for: network, ranks: 1)
        let exchange = ExchangePlan(options, plan, partition, rank: 0, NodeMap(ranks: 1))
        addTraining(of: network, exchange, options)
    }

    /// Adds what training takes beyond what all commands do: the exchange's arenas, the optimizer's slots, checkpoints, and the
    /// epoch's start in a run that may go back there.
    mutating func addTraining(of network: Network, _ exchange: ExchangePlan, _ options: TrainingOptions) {
        let arenas = exchange.memory
        (parameters, gradients, messages) = (arenas.parameters, arenas.gradients, arenas.messages)
        let float = MemoryLayout<Float>.stride
        let slots = options.algorithm.slots.count
        let owned = exchange.ownership.count
        let goesBack = options.onNaN == .rollback
        optimizer = slots * owned * float
        // An average, and the weights that stand aside while it is in their place; slow weights.
        let others = (options.average == nil ? 0 : 2) + (options.lookahead == nil ? 0 : 1)
        optimizer += others * owned * float
        optimizer += ConstrainedWeights.bytes(network.weightConstraints, network, owned: owned)
        if goesBack {
            optimizer += EpochStart.bytes(parameters: exchange.parameterCount, slots: slots, owned: owned)
        }
        let weights = network.parameterCount * float
        // A checkpoint is composed in memory, and written from there while the run goes on; the next one is composed when it is
        // on the disk. One parameter at a time lies beside it: its place in an arena, and in Keras's shape.
        let largest = network.parameters.map(\.specification.shape.count).max() ?? 0
        let state = weights + slots * network.trainableParameterCount * float
        let sets = (options.average == nil ? 0 : 1) + (options.lookahead == nil ? 0 : 1)
        let checkpoint = (goesBack ? 2 : 1) * state + sets * weights + 2 * largest * float
        // Other ranks only have the weights to start from, before the optimizer and the reader take their memory.
        files = exchange.rank == 0 ? checkpoint : max(0, weights - optimizer - reader)
    }
}

extension ExchangePlan {
    /// The values that are averaged into the statistics of batch normalisation are not gradients, and are never
    /// rounded.
    init(_ options: TrainingOptions, _ plan: ReplicaPlan, _ partition: ShardPartition, rank: Int, _ nodes: NodeMap) {
        let arena = plan.arena
        let slices = arena.slices.filter { $0.role != .frozen }
        let statistics = slices.first { $0.role == .statistic }?.offset ?? arena.gradientCount
        let buckets = BucketPlan(
            count: arena.gradientCount, cuts: slices.map(\.offset).filter { $0 > 0 }, ranks: partition.ranks,
            targetBytes: options.bucketSize.map { $0 << 10 }, roundedCount: options.wire == .bf16 ? statistics : 0)
        self.init(
            options.reduction.type(nodes), partition, buckets, parameterCount: arena.count, rank: rank, nodes,
            isLayerByLayer: plan.sums != nil)
    }
}
