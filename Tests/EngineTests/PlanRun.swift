import Basics
import Execution
import Lowering
import Models

/// What a step gives, summed or joined over its shards.
struct StepResult: Equatable {
    /// [samples, outputs]: logits, or probabilities of predictions.
    var outputs: [Float] = []
    var metrics = ShardMetrics()
    /// Of each head.
    var heads: [ShardMetrics] = []
    /// By parameter, in Keras's shape; empty where the plan, or the parameter, does not train.
    var gradients: ParameterValues = []
}

/// Plans of one engine for a batch that is cut into shards, run serially: what the trainer does, at its plainest.
final class PlanRun {
    let network: Network
    let arena: ArenaLayout
    let batchSize: Int
    private let purpose: PlanPurpose
    private let shards: [ShardRun]
    private let parameters: AlignedBuffer<Float>
    private let regions: [AlignedBuffer<UInt8>]
    private let weightCopies: [WeightCopy.Identity: WeightCopyPlace]

    /// `shards` are the samples of each; `arena` is that of an earlier plan, if it is to share its parameters' layout.
    init(
        _ engine: any Engine, _ network: Network, loss: Loss, kind: TargetKind, shards sizes: [Int],
        purpose: PlanPurpose = .training, batchNormalization: BatchNormalizationMode = .shard,
        precision: Precision = .fp32, arena: ArenaLayout? = nil, packsMemory: Bool = true,
        keepsWeightCopies: Bool = false, penalties: [Int: ActivityPenalty] = [:]
    ) throws {
        var request = PlanRequest(
            network: LoweredNetwork(network, loss: loss, purpose: purpose, penalties: penalties), loss: loss,
            targets: kind, samples: 0, purpose: purpose,
            batchNormalization: batchNormalization, precision: precision, arena: arena, packsMemory: packsMemory,
            keepsWeightCopies: keepsWeightCopies)
        var plans: [Plan] = []
        for samples in sizes {
            request.samples = samples
            plans.append(try engine.plan(request))
            request.arena = request.arena ?? plans[0].arena
        }
        let arena = plans[0].arena
        let parameters = AlignedBuffer<Float>(count: arena.count)
        let scratch = AlignedBuffer<UInt8>(count: plans.map(\.scratchBytes).max() ?? 0)
        let shared = AlignedBuffer<UInt8>(count: plans.map(\.sharedBytes).max() ?? 0)
        let copies = plans.flatMap(\.weightCopies).reduce(into: [:]) {
            $0[$1.identity] = AlignedBuffer<UInt8>(count: $1.bytes)
        }
        let places = copies.mapValues { WeightCopyPlace($0.baseAddress) }
        shards = try plans.map { plan in
            try ShardRun(
                plan, parameters: parameters.baseAddress, scratch: scratch, shared: shared,
                weightCopies: plan.weightCopies.compactMap { places[$0.identity] })
        }
        regions = [scratch, shared] + copies.values
        weightCopies = places
        batchSize = sizes.reduce(0, +)
        (self.network, self.arena, self.parameters, self.purpose) = (network, arena, parameters, purpose)
    }

    /// Of the kernels of all shards' plans.
    var kinds: [String] { shards.flatMap { $0.bound.plan.segments.flatMap(\.kernels).map(\.kind) } }
    var weightCopyCount: Int { weightCopies.count }
    var activationBytes: Int { shards.reduce(0) { $0 + $1.activations.count } }

    func load(_ values: ParameterValues) throws {
        for (index, value) in values.enumerated() {
            let slice = arena[parameter: index]
            try value.withUnsafeBufferPointer {
                guard let first = $0.baseAddress else { return }
                try slice.format.pack(first, into: parameters.baseAddress + slice.offset)
            }
        }
    }

    /// A parameter in Keras's shape.
    func values(of parameter: Int) throws -> [Float] {
        let slice = arena[parameter: parameter]
        var values = [Float](repeating: 0, count: network.parameters[parameter].specification.shape.count)
        try values.withUnsafeMutableBufferPointer {
            guard let first = $0.baseAddress else { return }
            try slice.format.unpack(parameters.baseAddress + slice.offset, into: first)
        }
        return values
    }

    /// Fills all memory but the parameters' with NaN: what a plan reads before it writes shows in the result.
    func poison() {
        for region in regions + shards.map(\.activations) { region.elements.update(repeating: 0xFF) }
        for shard in shards { shard.gradients.elements.update(repeating: .nan) }
    }

    /// A step of plain gradient descent with the gradients of the last run, which are sums over samples.
    func descend(rate: Float) {
        let trainable = arena.slices.last { $0.role == .trainable }?.range.upperBound ?? 0
        let values = parameters.baseAddress
        for shard in shards {
            let gradients = shard.gradients.baseAddress
            for i in 0..<trainable { values[i] -= rate * gradients[i] }
        }
    }

    /// Runs the batch; dropout draws the same masks at each call.
    func run(_ batch: Batch, givesGradients: Bool = true) throws -> StepResult {
        for place in weightCopies.values { place.isCurrent = false }
        var first = 0
        let contexts = shards.map { shard in
            defer { first += shard.samples }
            shard.bound.load(batch, network, from: first)
            return StepContext(seed: 5, step: 3, batchSize: batchSize, firstSample: first)
        }
        for segment in shards[0].bound.segments.indices {
            for (shard, context) in zip(shards, contexts) {
                if segment == 0 { try shard.bound.prepareWeights(context) }
                for kernel in shard.bound.segments[segment].kernels { try kernel(context) }
            }
            combine(segment)
        }
        var result = StepResult()
        for shard in shards {
            let width = purpose == .prediction ? network.outputCount : network.outputShape.count
            result.outputs += UnsafeBufferPointer(start: shard.bound.output, count: shard.samples * width)
            result.metrics.loss += shard.bound.metrics.pointee.loss
            result.metrics.correct += shard.bound.metrics.pointee.correct
            result.metrics.correctInTop5 += shard.bound.metrics.pointee.correctInTop5
            let heads = shard.bound.headMetrics
            if result.heads.isEmpty { result.heads = heads.map { _ in ShardMetrics() } }
            for (number, head) in heads.enumerated() {
                result.heads[number].loss += head.loss
                result.heads[number].correct += head.correct
            }
        }
        if purpose == .training, givesGradients { result.gradients = try gradients() }
        return result
    }

    private func combine(_ segment: Int) {
        let exchanges = shards.compactMap { $0.bound.segments[segment].exchange }
        guard let first = exchanges.first else { return }
        for i in 0..<first.count {
            switch first.rule {
            case .sum: first.combined[i] = Float(exchanges.reduce(0.0) { $0 + Double($1.local[i]) })
            case .moments:
                guard i < first.count / 2 else { continue }
                let parts = zip(exchanges, shards).map { exchange, shard in
                    let variance = Double(exchange.local[i + first.count / 2])
                    return (mean: Double(exchange.local[i]), variance: variance, samples: Double(shard.samples))
                }
                let samples = Double(batchSize)
                let mean = parts.reduce(0) { $0 + $1.mean * $1.samples } / samples
                let variance =
                    parts.reduce(0) {
                        $0 + ($1.variance + ($1.mean - mean) * ($1.mean - mean)) * $1.samples
                    } / samples
                first.combined[i] = Float(mean)
                first.combined[i + first.count / 2] = Float(variance)
            }
        }
        for exchange in exchanges.dropFirst() where exchange.combined != first.combined {
            exchange.combined.update(from: first.combined, count: first.count)
        }
    }

    private func gradients() throws -> ParameterValues {
        try network.parameters.enumerated().map { index, parameter in
            var sum = Array(repeating: Float(0), count: parameter.specification.shape.count)
            let slice = arena[parameter: index]
            guard slice.role != .frozen else { return [] }
            for shard in shards {
                var logical = sum
                try logical.withUnsafeMutableBufferPointer {
                    guard let first = $0.baseAddress else { return }
                    try slice.format.unpack(shard.gradients.baseAddress + slice.offset, into: first)
                }
                for i in sum.indices { sum[i] += logical[i] }
            }
            return sum
        }
    }
}

/// One shard's plan, bound to memory of its own.
private final class ShardRun {
    let samples: Int
    let bound: BoundPlan
    let activations: AlignedBuffer<UInt8>
    let gradients: AlignedBuffer<Float>
    private let metrics: UnsafeMutablePointer<ShardMetrics>

    init(
        _ plan: Plan, parameters: UnsafeMutablePointer<Float>, scratch: AlignedBuffer<UInt8>,
        shared: AlignedBuffer<UInt8>, weightCopies: [WeightCopyPlace]
    ) throws {
        samples = plan.samples
        activations = AlignedBuffer(count: plan.activationBytes)
        gradients = AlignedBuffer(count: plan.arena.gradientCount)
        metrics = .allocate(capacity: 8)
        metrics.initialize(repeating: ShardMetrics(), count: 8)
        bound = try plan.bind(
            to: MemoryRegions(
                activations: ActivationMemory(activations.baseAddress), scratch: scratch.baseAddress,
                shared: shared.baseAddress,
                parameters: parameters, gradients: .arena(gradients.baseAddress), metrics: metrics,
                weightCopies: weightCopies))
    }

    deinit { metrics.deallocate() }
}

extension BoundPlan {
    /// Copies this shard's samples, which start at `first`, out of the batch.
    func load(_ batch: Batch, _ network: Network, from first: Int) {
        let inputs = network.inputShape.count
        copy(batch.inputs[first * inputs..<(first + plan.samples) * inputs], to: input)
        for (number, input) in network.furtherInputs.enumerated() {
            let width = network.shapes[input].count
            let values = batch.furtherInputs[number][first * width..<(first + plan.samples) * width]
            copy(values, to: furtherInputs[number])
        }
        guard let targets else { return }
        switch batch.targets {
        case .labels(let labels): copy(labels[first..<first + plan.samples], to: targets)
        case .values(let values):
            let outputs = values.count * inputs / batch.inputs.count
            copy(values[first * outputs..<(first + plan.samples) * outputs], to: targets)
        }
    }

    private func copy<Value: BitwiseCopyable>(_ values: ArraySlice<Value>, to target: UnsafeMutableRawPointer) {
        values.withUnsafeBytes { UnsafeMutableRawBufferPointer(start: target, count: $0.count).copyMemory(from: $0) }
    }
}
