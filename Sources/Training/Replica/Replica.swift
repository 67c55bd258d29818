import Execution
import Models
import NumericCore

/// A rank's copy of the model: the parameter arena, gradient arenas, and plans bound to memory that all of them share.
/// All sizes of shards that a run will meet are known when it is made; afterwards nothing is allocated.
public final class Replica {
    public let network: Network
    public let loss: Loss
    public let arena: ArenaLayout
    public let parameters: AlignedBuffer<Float>
    /// One a level of the rank's part of the reduction tree; none where the replica only evaluates.
    public let gradientLevels: [AlignedBuffer<Float>]
    /// The exchanges after each segment of a training plan: the same for every shard size.
    public let exchanges: [Exchange?]
    /// What engines remarked on plans: primitives that fell to a reference implementation.
    public let remarks: [String]
    /// What training plans record their kernels in, in runs that are traced: set before the first one is bound.
    var spans: SpanBuffer?

    private var plans: [PlanKey: Plan] = [:]
    private var bound: [BoundKey: BoundPlan] = [:]
    private let slots: [AlignedBuffer<UInt8>]
    private let metrics: AlignedBuffer<ShardMetrics>
    private let scratch: AlignedBuffer<UInt8>
    private let shared: AlignedBuffer<UInt8>

    private struct PlanKey: Hashable {
        let purpose: Plan.Purpose
        let samples: Int
    }

    private struct BoundKey: Hashable {
        let plan: PlanKey
        let slot: Int
        let level: Int
    }

    /// What plans a replica needs.
    public struct Demand {
        public var batchNormalization = BatchNormalizationMode.shard
        public var precision = Precision.fp32
        public var targets = TargetKind.label
        /// Sizes of the shards that are trained on; empty where the replica only evaluates or predicts.
        public var training: Set<Int> = []
        public var evaluation: Set<Int> = []
        public var prediction: Set<Int> = []
        /// The rank's gradient arenas.
        public var levels = 0
        /// The rank's shards.
        public var shards = 1

        public init() {}
    }

    public init(_ network: Network, loss: Loss, engine: any Engine, _ demand: Demand) throws {
        self.network = network
        self.loss = loss
        var request = PlanRequest(
            network: LoweredNetwork(network, loss: loss, purpose: .training), loss: loss, targets: demand.targets,
            samples: 0, purpose: .training, batchNormalization: demand.batchNormalization, precision: demand.precision)
        var plans: [PlanKey: Plan] = [:]
        for (purpose, sizes) in [
            (Plan.Purpose.training, demand.training), (.evaluation, demand.evaluation),
            (.prediction, demand.prediction),
        ] {
            request.network = LoweredNetwork(network, loss: loss, purpose: purpose)
            // The largest first: it fixes the arena's layouts, the others take them over.
            for samples in sizes.sorted(by: >) where samples > 0 {
                request.purpose = purpose
                request.samples = samples
                let plan = try engine.plan(request)
                request.arena = plan.arena
                plans[PlanKey(purpose: purpose, samples: samples)] = plan
            }
        }
        guard let arena = request.arena else { preconditionFailure("a replica needs a plan") }
        self.arena = arena
        self.plans = plans
        exchanges = plans.first { $0.key.purpose == .training }?.value.segments.map(\.exchange) ?? []
        remarks = Set(plans.values.flatMap(\.remarks)).sorted()
        parameters = AlignedBuffer(count: arena.count)
        gradientLevels = (0..<demand.levels).map { _ in AlignedBuffer(count: arena.gradientCount) }
        let slotCount = plans.values.contains(where: \.needsMemoryForEachShard) ? demand.shards : 1
        let bytes = plans.values.map(\.activationBytes).max() ?? 0
        slots = (0..<slotCount).map { _ in AlignedBuffer(count: bytes) }
        metrics = AlignedBuffer(count: slotCount)
        scratch = AlignedBuffer(count: plans.values.map(\.scratchBytes).max() ?? 0)
        shared = AlignedBuffer(count: plans.values.map(\.sharedBytes).max() ?? 0)
    }

    /// The plan for a shard of `samples`, bound to memory. `shard` counts the rank's shards from 0; `level` is the gradient
    /// arena. The first call for a combination binds, later ones look up.
    public func plan(_ purpose: Plan.Purpose, samples: Int, shard: Int = 0, level: Int = 0) throws -> BoundPlan {
        let key = BoundKey(
            plan: PlanKey(purpose: purpose, samples: samples), slot: slots.count == 1 ? 0 : shard, level: level)
        if let known = bound[key] { return known }
        guard let plan = plans[key.plan] else { preconditionFailure("no \(purpose) plan for \(samples) samples") }
        let gradients = gradientLevels.isEmpty ? parameters : gradientLevels[level]
        var result = try plan.bind(
            to: MemoryRegions(
                activations: slots[key.slot].baseAddress, scratch: scratch.baseAddress, shared: shared.baseAddress,
                parameters: parameters.baseAddress, gradients: gradients.baseAddress,
                metrics: metrics.baseAddress + key.slot))
        if purpose == .training, let spans { result = result.traced(into: spans) }
        bound[key] = result
        return result
    }

    /// Kernels of the longest training plan.
    var trainingKernels: Int {
        let training = plans.filter { $0.key.purpose == .training }.values
        return training.map { $0.segments.reduce(0) { $0 + $1.kernels.count } }.max() ?? 0
    }

    /// Bytes of activations, scratch and arenas.
    public var byteCount: Int {
        let floats = parameters.count + gradientLevels.reduce(0) { $0 + $1.count }
        return slots.reduce(scratch.count + shared.count) { $0 + $1.count } + floats * MemoryLayout<Float>.stride
    }
}

/// Weights in Keras's shapes and order.
extension Replica {
    public func setWeights(_ weights: [[Float]]) throws {
        for (index, values) in weights.enumerated() { try setLogical(values, index, of: parameters) }
    }

    public func weights() throws -> [[Float]] {
        try network.parameters.indices.map { try logical($0, of: parameters) }
    }

    /// A parameter's values, or what belongs to them in an arena of the same layout, in Keras's shape.
    public func logical(_ parameter: Int, of arena: AlignedBuffer<Float>) throws -> [Float] {
        let slice = self.arena[parameter: parameter]
        let count = network.parameters[parameter].specification.shape.count
        return try [Float](unsafeUninitializedCapacity: count) { values, filled in
            if let start = values.baseAddress { try slice.format.unpack(arena.baseAddress + slice.offset, into: start) }
            filled = count
        }
    }

    /// Stores what `logical` returns.
    func setLogical(_ values: [Float], _ parameter: Int, of arena: AlignedBuffer<Float>) throws {
        let slice = self.arena[parameter: parameter]
        try values.withUnsafeBufferPointer { values in
            guard let start = values.baseAddress else { return }
            try slice.format.pack(start, into: arena.baseAddress + slice.offset)
        }
    }

    /// The weights a run with this seed starts from.
    public static func initialWeights(of network: Network, seed: UInt64) -> [[Float]] {
        network.parameters.enumerated().map { index, parameter in
            let specification = parameter.specification
            return [Float](unsafeUninitializedCapacity: specification.shape.count) { values, filled in
                let all = UnsafeMutableBufferPointer(rebasing: values[0..<specification.shape.count])
                specification.initializer.fill(all, shape: specification.shape, seed: seed, index: index)
                filled = all.count
            }
        }
    }
}
