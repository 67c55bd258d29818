import Basics
import Lowering
import Models

/// The plans of a replica, which share one arena, and the memory they take. Nothing is allocated yet, so a network that
/// does not fit can be refused first.
public struct ReplicaPlan {
    struct Key: Hashable {
        let purpose: PlanPurpose
        let samples: Int
        /// The shape of a sample of the main input.
        let input: Shape
    }

    /// What plans a replica needs.
    public struct Demand {
        public var batchNormalization = BatchNormalizationMode.shard
        public var precision = Precision.fp32
        public var targets = TargetKind.label
        /// The node whose values samples are; 0 for the network's inputs.
        public var start = 0
        /// What outputs of nodes add to the loss.
        public var activityPenalties: [Int: ActivityPenalty] = [:]
        /// The purposes for which samples have weights.
        public var weighted: Set<PlanPurpose> = []
        /// Sizes of the shards that are trained on; empty if the replica only evaluates or predicts.
        public var training: Set<Int> = []
        /// The shapes of samples that are trained on, if they are not the network's.
        public var trainingInputs: [Shape] = []
        public var evaluation: Set<Int> = []
        public var prediction: Set<Int> = []
        /// The rank's gradient arenas, if one shard goes through the whole plan after the other.
        public var levels = 0
        /// The rank's shards.
        public var shards = 1
        /// How their gradients are added, if they may also go through one operation before the next.
        public var sums: ShardSums?
        /// Whether they do; nil for what takes less memory, or not much more.
        public var isLayerByLayer: Bool?
        /// Bytes that the rank may take without being short of any.
        public var ampleMemory = 0

        public init() {}
    }

    public let network: Network
    let loss: Loss
    public let arena: ArenaLayout
    let plans: [Key: Plan]
    /// The shape of a sample, if it has its usual size.
    let input: Shape
    /// The shape of the samples that are trained on first.
    let trainingInput: Shape
    /// Bytes of the copies of weights that any of the plans reads.
    let weightCopies: [WeightCopy.Identity: Int]
    let levels: Int
    /// How gradients are added, if all shards go through one operation before the next.
    public let sums: ShardSums?
    /// How many shards are in flight at the same time. Each has activations of its own.
    let shardsInFlight: Int

    /// Where weights are larger than activations, all of the rank's shards go through one operation before the next. It is faster
    /// there, because weights are then read, and gradients added, in the cache. It often takes less memory too: fewer arenas for
    /// gradients, but activations of all shards. It may take half as much again, if that is ample.
    public init(_ network: Network, loss: Loss, engine: any Engine, _ demand: Demand) throws {
        var plan = try ReplicaPlan(network, loss, engine, demand, sums: nil, arena: nil)
        let most = max(plan.memory.total, min(demand.ampleMemory, plan.memory.total / 2 * 3))
        if let sums = demand.sums, sums.shards > 1,
            demand.isLayerByLayer ?? (plan.leastMemory(layerByLayer: sums) < most)
        {
            let other = try ReplicaPlan(network, loss, engine, demand, sums: sums, arena: plan.arena)
            let isBetter = demand.isLayerByLayer ?? (other.memory.total < most)
            if isBetter, other.plansAgree { plan = other }
        }
        self = plan
    }

    /// Whether plans for shards of other sizes have the same segments, which add the same gradients: a library may choose its
    /// kernels by the number of samples.
    private var plansAgree: Bool {
        let training = plans.filter { $0.key.purpose == .training }.values
        let added = training.map { ($0.segments.map(\.sum), $0.segments.map(\.gradients)) }
        return added.allSatisfy { $0 == added[0] }
    }

    /// What it would take at least if shards went layer by layer, without planning that: some levels of gradients are spared, and
    /// activations of the other shards come in addition.
    private func leastMemory(layerByLayer sums: ShardSums) -> Int {
        guard shardsInFlight == 1 else { return .max }
        let spared = (sums.levelCount - sums.partials) * arena.gradientCount * MemoryLayout<Float>.stride
        return memory.total - spared + (sums.shards - 1) * activationBytes(of: .training)
    }

    private init(
        _ network: Network, _ loss: Loss, _ engine: any Engine, _ demand: Demand, sums: ShardSums?, arena: ArenaLayout?
    ) throws {
        self.network = network
        self.sums = sums
        self.loss = loss
        var request = PlanRequest(
            network: LoweredNetwork(
                network, loss: loss, purpose: .training, start: demand.start, penalties: demand.activityPenalties),
            loss: loss, targets: demand.targets,
            samples: 0, purpose: .training, batchNormalization: demand.batchNormalization, precision: demand.precision,
            arena: arena, keepsWeightCopies: demand.shards > 1)
        var plans: [Key: Plan] = [:]
        input = demand.start == 0 ? network.inputShape : network.shapes[demand.start]
        let trained = demand.trainingInputs.isEmpty ? [input] : demand.trainingInputs
        trainingInput = trained[0]
        for (purpose, inputs, sizes) in [
            (PlanPurpose.training, Set(trained), demand.training),
            (.evaluation, [input], demand.evaluation),
            (.prediction, [input], demand.prediction),
        ] {
            // The largest first: it fixes the arena's layouts, and the others use the same.
            for input in inputs.sorted(by: { ($0.count, $0.extents[0]) > ($1.count, $1.extents[0]) }) {
                let sized = demand.start == 0 ? try network.taking(input) : network
                request.network = LoweredNetwork(
                    sized, loss: loss, purpose: purpose, start: demand.start, penalties: demand.activityPenalties)
                for samples in sizes.sorted(by: >) where samples > 0 {
                    request.purpose = purpose
                    request.sums = purpose == .training ? sums : nil
                    request.largestShard = demand.training.max()
                    request.isWeighted = demand.weighted.contains(purpose)
                    request.samples = samples
                    let plan = try engine.plan(request)
                    request.arena = plan.arena
                    plans[Key(purpose: purpose, samples: samples, input: input)] = plan
                }
            }
        }
        guard let arena = request.arena else { preconditionFailure("a replica needs a plan") }
        self.arena = arena
        self.plans = plans
        weightCopies = plans.values.flatMap(\.weightCopies).reduce(into: [:]) { $0[$1.identity] = $1.bytes }
        levels = sums?.partials ?? demand.sums?.levelCount ?? demand.levels
        shardsInFlight = plans.values.contains(where: \.needsMemoryForEachShard) ? demand.shards : 1
    }

    /// Of one shard.
    func activationBytes(of purpose: PlanPurpose) -> Int {
        plans.filter { $0.key.purpose == purpose }.values.map(\.activationBytes).max() ?? 0
    }
    /// Of all shards in flight. Only training has several.
    var activationBytes: Int {
        max(
            shardsInFlight * activationBytes(of: .training), activationBytes(of: .evaluation),
            activationBytes(of: .prediction))
    }
    /// The levels above those of the sums, if they are memory that each segment uses anew.
    var spareLevels: Int { sums.map { $0.levelCount - $0.partials } ?? 0 }
    /// Floats of such a level.
    var spareCount: Int { plans.values.map(\.spareCount).max() ?? 0 }
    var scratchBytes: Int { plans.values.map(\.scratchBytes).max() ?? 0 }
    var sharedBytes: Int { plans.values.map(\.sharedBytes).max() ?? 0 }

    /// What a replica of this plan allocates.
    public var memory: MemoryNeed {
        let float = MemoryLayout<Float>.stride
        return MemoryNeed(
            activations: activationBytes,
            scratch: scratchBytes + sharedBytes + spareLevels * spareCount * float,
            weightCopies: weightCopies.values.reduce(0, +), parameters: arena.count * float,
            gradients: levels * arena.gradientCount * float)
    }
}
