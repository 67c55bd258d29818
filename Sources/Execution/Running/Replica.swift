import Basics
import Lowering
import Models

/// A rank's copy of the model: the parameter arena, gradient arenas, and plans bound to memory that all of them share.
/// All sizes of shards that a run will meet are known when it is made; afterwards nothing is allocated.
public final class Replica {
    public let network: Network
    public let loss: Loss
    public let arena: ArenaLayout
    public let parameters: AlignedBuffer<Float>
    public let gradientLevels: [AlignedBuffer<Float>]
    /// The exchanges after each segment of a training plan: the same for every shard size.
    public let exchanges: [Exchange?]
    /// How many segments of a training plan, from the first, have a part of the forward pass.
    public let forwardSegments: Int
    /// Remarks of engines on plans: primitives for which only a reference implementation was found.
    public let remarks: [String]
    /// Where training plans record their kernels in traced runs. It is set before the first plan is bound.
    package var spans: SpanBuffer?

    /// The shape of samples for which `plan` gives training plans from now on: one that the replica was planned for.
    package var trainingInput: Shape

    /// The shape of samples of their usual size.
    private let input: Shape
    private let plans: [ReplicaPlan.Key: Plan]
    private var bound: [BoundKey: BoundPlan] = [:]
    /// One for each shard in flight.
    private let activations: [AlignedBuffer<UInt8>]
    /// As many as `MemoryRegions.metrics` has for each shard in flight.
    private let metrics: AlignedBuffer<ShardMetrics>
    private let scratch: AlignedBuffer<UInt8>
    private let shared: AlignedBuffer<UInt8>
    private let weightCopies: [WeightCopy.Identity: (memory: AlignedBuffer<UInt8>, place: WeightCopyPlace)]

    private struct BoundKey: Hashable {
        let plan: ReplicaPlan.Key
        let shard: Int
        let level: Int
    }

    /// Allocates all that the plan says, except `arenas` that come from elsewhere.
    public init(_ plan: ReplicaPlan, _ arenas: Arenas? = nil) {
        (network, loss, arena) = (plan.network, plan.loss, plan.arena)
        (plans, input, trainingInput) = (plan.plans, plan.input, plan.trainingInput)
        let segments = plans.first { $0.key.purpose == .training }?.value.segments ?? []
        exchanges = segments.map(\.exchange)
        forwardSegments = segments.prefix { $0.forward > 0 }.count
        remarks = Set(plans.values.flatMap(\.remarks)).sorted()
        let arenas =
            arenas
            ?? Arenas(parameterCount: arena.count, gradientCount: arena.gradientCount, levels: plan.levels)
        precondition(
            arenas.parameters.count == arena.count
                && arenas.gradientLevels.allSatisfy { $0.count == plan.arena.gradientCount }, "arenas of other sizes")
        (parameters, gradientLevels) = (arenas.parameters, arenas.gradientLevels)
        activations = (0..<plan.shardsInFlight).map { _ in AlignedBuffer(count: plan.activationBytes) }
        metrics = AlignedBuffer(count: plan.shardsInFlight * (1 + plan.loss.heads.count))
        scratch = AlignedBuffer(count: plan.scratchBytes)
        shared = AlignedBuffer(count: plan.sharedBytes)
        weightCopies = plan.weightCopies.mapValues { bytes in
            let memory = AlignedBuffer<UInt8>(count: bytes)
            return (memory, WeightCopyPlace(memory.baseAddress))
        }
    }

    /// The plan for a shard of `samples`, bound to memory. `shard` counts the rank's shards from 0; `level` is the
    /// gradient arena. The first call for a combination binds, later ones look up.
    public func plan(_ purpose: PlanPurpose, samples: Int, shard: Int = 0, level: Int = 0) throws -> BoundPlan {
        let input = purpose == .training ? trainingInput : input
        let key = BoundKey(
            plan: ReplicaPlan.Key(purpose: purpose, samples: samples, input: input),
            shard: activations.count == 1 ? 0 : shard, level: level)
        if let known = bound[key] { return known }
        guard let plan = plans[key.plan] else {
            preconditionFailure("no \(purpose) plan for \(samples) samples of \(input)")
        }
        let gradients = gradientLevels.isEmpty ? parameters : gradientLevels[level]
        var result = try plan.bind(
            to: MemoryRegions(
                activations: activations[key.shard].baseAddress, scratch: scratch.baseAddress,
                shared: shared.baseAddress,
                parameters: parameters.baseAddress, gradients: gradients.baseAddress,
                metrics: metrics.baseAddress + key.shard * (1 + loss.heads.count),
                weightCopies: plan.weightCopies.compactMap { weightCopies[$0.identity]?.place }))
        if purpose == .training, let spans { result = result.traced(into: spans) }
        bound[key] = result
        return result
    }

    /// Call it when weights have changed or may have changed. Each plan then makes its copies again before it next
    /// runs.
    package func weightsChanged() {
        for copy in weightCopies.values { copy.place.isCurrent = false }
    }

    /// Kernels of the longest training plan.
    package var trainingKernels: Int {
        let training = plans.filter { $0.key.purpose == .training }.values
        return training.map { $0.kernelCount }.max() ?? 0
    }
}

/// Weights in Keras's shapes and order.
extension Replica {
    public func setWeights(_ weights: [[Float]]) throws {
        weightsChanged()
        try pack(weights, into: parameters)
    }

    /// Writes the weights of all parameters to an arena of the same layout.
    package func pack(_ weights: [[Float]], into arena: AlignedBuffer<Float>) throws {
        for (index, values) in weights.enumerated() {
            try pack(values, index, into: arena.baseAddress + self.arena[parameter: index].offset)
        }
    }

    public func weights() throws -> [[Float]] {
        try network.parameters.indices.map { try logical($0, of: parameters) }
    }

    /// A parameter's values, or what belongs to them in an arena of the same layout, in Keras's shape.
    public func logical(_ parameter: Int, of arena: AlignedBuffer<Float>) throws -> [Float] {
        try unpack(parameter, from: arena.baseAddress + self.arena[parameter: parameter].offset)
    }

    /// The same from a copy of a parameter's place in an arena.
    package func unpack(_ parameter: Int, from place: UnsafePointer<Float>) throws -> [Float] {
        let count = network.parameters[parameter].specification.shape.count
        return try [Float](unsafeUninitializedCapacity: count) { values, filled in
            if let start = values.baseAddress { try arena[parameter: parameter].format.unpack(place, into: start) }
            filled = count
        }
    }

    /// Writes values in the form that `logical` returns to their place in an arena. The padding of `place` does not
    /// change.
    package func pack(_ values: [Float], _ parameter: Int, into place: UnsafeMutablePointer<Float>) throws {
        try values.withUnsafeBufferPointer { values in
            guard let start = values.baseAddress else { return }
            try arena[parameter: parameter].format.pack(start, into: place)
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
