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
    /// The segments of a training plan up to each exchange, and those behind the last.
    package let stages: [Range<Int>]
    /// The segment of a training plan after which a shard's metrics are complete.
    package let lossSegment: Int?
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
    /// How gradients are added, if all shards go through one segment before the next.
    public let sums: ShardSums?
    /// Of all shards in flight.
    private let activations: AlignedBuffer<UInt8>
    private let shardsInFlight: Int
    /// Of a shard, if shards do not lie side by side.
    private let bytesOfShard: Int
    /// The levels of gradients above those of the sums, if each segment uses them anew.
    private let spareLevels: [AlignedBuffer<Float>]
    private let sumTable = ShardSumTable()
    /// As many as `MemoryRegions.metrics` has for each shard in flight.
    private let metrics: AlignedBuffer<ShardMetrics>
    private let scratch: AlignedBuffer<UInt8>
    private let shared: AlignedBuffer<UInt8>
    private let weightCopies: [WeightCopy.Identity: (memory: AlignedBuffer<UInt8>, place: WeightCopyPlace)]

    private struct BoundKey: Hashable {
        let plan: ReplicaPlan.Key
        let shard: Int
        let level: Int
        let isSideBySide: Bool
    }

    /// Allocates all that the plan says, except `arenas` that come from elsewhere.
    public init(_ plan: ReplicaPlan, _ arenas: Arenas? = nil) {
        (network, loss, arena) = (plan.network, plan.loss, plan.arena)
        (plans, input, trainingInput) = (plan.plans, plan.input, plan.trainingInput)
        let segments = plans.first { $0.key.purpose == .training }?.value.segments ?? []
        exchanges = segments.map(\.exchange)
        let ends = segments.indices.filter { segments[$0].exchange != nil }.map { $0 + 1 }
        stages = zip([0] + ends, ends + [segments.count]).map { $0..<$1 }
        lossSegment = segments.lastIndex { $0.kernels.contains { $0.phase == .loss } }
        forwardSegments = (segments.lastIndex { $0.forward > 0 } ?? -1) + 1
        remarks = Set(plans.values.flatMap(\.remarks)).sorted()
        let arenas =
            arenas
            ?? Arenas(parameterCount: arena.count, gradientCount: arena.gradientCount, levels: plan.levels)
        precondition(
            arenas.parameters.count == arena.count
                && arenas.gradientLevels.allSatisfy { $0.count == plan.arena.gradientCount }, "arenas of other sizes")
        (parameters, gradientLevels) = (arenas.parameters, arenas.gradientLevels)
        (sums, shardsInFlight) = (plan.sums, plan.shardsInFlight)
        bytesOfShard = plan.activationBytes(of: .training)
        activations = AlignedBuffer(count: plan.activationBytes)
        spareLevels = (0..<plan.spareLevels).map { _ in AlignedBuffer(count: plan.spareCount) }
        metrics = AlignedBuffer(count: plan.shardsInFlight * (1 + plan.loss.heads.count))
        scratch = AlignedBuffer(count: plan.scratchBytes)
        shared = AlignedBuffer(count: plan.sharedBytes)
        weightCopies = plan.weightCopies.mapValues { bytes in
            let memory = AlignedBuffer<UInt8>(count: bytes)
            return (memory, WeightCopyPlace(memory.baseAddress))
        }
    }

    /// The plan for a shard of `samples`, bound to memory. `shard` counts the rank's shards from 0; `level` is that of its
    /// gradients. `isSideBySide` says that all of the rank's shards have as many samples: then kernels for all of them at once
    /// are bound too. The first call for a combination binds, later ones look up.
    public func plan(
        _ purpose: PlanPurpose, samples: Int, shard: Int = 0, level: Int = 0, isSideBySide: Bool = false
    ) throws -> BoundPlan {
        let input = purpose == .training ? trainingInput : input
        let key = BoundKey(
            plan: ReplicaPlan.Key(purpose: purpose, samples: samples, input: input),
            shard: shardsInFlight == 1 ? 0 : shard, level: level, isSideBySide: isSideBySide)
        if let known = bound[key] { return known }
        guard let plan = plans[key.plan] else {
            preconditionFailure("no \(purpose) plan for \(samples) samples of \(input)")
        }
        let place =
            isSideBySide
            ? ActivationMemory(activations.baseAddress, shard: key.shard, of: shardsInFlight)
            : ActivationMemory(activations.baseAddress + key.shard * bytesOfShard)
        var regions = MemoryRegions(
            activations: place, scratch: scratch.baseAddress,
            shared: shared.baseAddress,
            parameters: parameters.baseAddress, gradients: gradients(level),
            sums: gradientLevels.map(\.baseAddress),
            metrics: metrics.baseAddress + key.shard * (1 + loss.heads.count),
            weightCopies: plan.weightCopies.compactMap { weightCopies[$0.identity]?.place })
        (regions.shard, regions.sumTable) = (shard, sumTable)
        var result = try plan.bind(to: regions)
        if purpose == .training, let spans { result = result.traced(into: spans) }
        bound[key] = result
        return result
    }

    /// Memory of a level of gradients; of none if nothing trains.
    private func gradients(_ level: Int) -> GradientMemory {
        if gradientLevels.isEmpty { return .arena(parameters.baseAddress) }
        return level < gradientLevels.count
            ? .arena(gradientLevels[level].baseAddress) : .spare(spareLevels[level - gradientLevels.count].baseAddress)
    }

    /// Where the arena of a level begins, or would, of which a segment writes these ranges.
    package func gradientStart(level: Int, for ranges: [Range<Int>]) -> UnsafeMutablePointer<Float> {
        gradients(level).start(for: ranges)
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
