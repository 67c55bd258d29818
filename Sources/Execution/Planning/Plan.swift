import Models
import Basics

/// How batch normalisation sees a batch in training.
public enum BatchNormalizationMode: String, Sendable, Codable, CaseIterable {
    /// Each shard uses its own statistics, as each worker does in Goyal et al., 2017.
    case shard
    /// The whole batch's statistics, combined along the shard tree.
    case global
}

/// A network compiled for a shard size: kernels in order, memory, and where results lie. A plan is bound to memory
/// before it runs; a step then only executes.
public struct Plan {
    public let samples: Int
    public let segments: [Segment]
    /// What must be made before the first segment runs; several plans may share it.
    public let weightCopies: [WeightCopy]
    public let arena: ArenaLayout
    /// Bytes for each shard that is in flight at the same time.
    public let activationBytes: Int
    /// Bytes for each rank.
    public let scratchBytes: Int
    public let sharedBytes: Int
    public let remarks: [String]
    /// How evaluation reads the outputs: of a network with heads, those of the first.
    public let predictionRule: PredictionRule
    /// How many heads have metrics of their own.
    let heads: Int

    /// The shard's samples for each input, [n, H, W, C] or [n, F] floats.
    let inputs: [BufferID]
    /// Which of them is the main input.
    let mainInput: Int
    /// Labels (Int32 [n]) or target values (Float [n, K]); nil for predictions.
    let targets: BufferID?
    /// Float [n]; nil where samples have no weights.
    let weights: BufferID?
    /// What the network computed, [n, K] floats: logits, or what a prediction plan makes of them, for all heads in a row.
    let output: BufferID
    let addresses: [Address]
    /// What each buffer holds, and how many bytes of it.
    let contents: [(kind: BufferContents, bytes: Int)]

    /// A buffer's place inside its region.
    enum Address {
        case activation(Int)
        case scratch(Int)
        case shared(Int)
        case weightCopy(Int)
        case parameter(Int)
        case gradient(Int)
    }

    /// Of all segments, and of the kernels that make weight copies.
    public var kernelCount: Int {
        segments.reduce(0) { $0 + $1.kernels.count } + weightCopies.reduce(0) { $0 + $1.kernels.count }
    }

    /// Shards pass through several segments in turn, so each needs activations of its own.
    public var needsMemoryForEachShard: Bool { segments.count > 1 }

    public func bind(to memory: MemoryRegions) throws -> BoundPlan {
        let bound = Memory(regions: memory, addresses: addresses)
        let segments = try self.segments.map { segment in
            BoundPlan.Segment(
                kernels: try segment.kernels.map { try $0.bind(bound) }, forward: segment.forward,
                gradientsReady: segment.kernels.map(\.gradientsReady),
                gradients: segment.gradients,
                exchange: segment.exchange.map {
                    BoundPlan.Exchange(
                        rule: $0.rule, count: $0.count, local: bound.floats($0.local),
                        combined: bound.floats($0.combined))
                })
        }
        let weightCopies = try zip(self.weightCopies, memory.weightCopies).map { copy, place in
            BoundPlan.WeightCopy(place: place, kernels: try copy.kernels.map { try $0.bind(bound) })
        }
        return BoundPlan(
            plan: self, memory: bound, segments: segments, weightCopies: weightCopies,
            input: bound.floats(inputs[mainInput]),
            furtherInputs: inputs.indices.filter { $0 != mainInput }.map { bound.floats(inputs[$0]) },
            targets: targets.map { bound[$0] }, weights: weights.map { bound.floats($0) },
            output: bound.floats(output), metrics: memory.metrics)
    }
}

/// The memory a plan runs in. Regions are 64-byte aligned and outlive the bound plan.
public struct MemoryRegions {
    public var activations: UnsafeMutableRawPointer
    public var scratch: UnsafeMutableRawPointer
    public var shared: UnsafeMutableRawPointer
    public var parameters: UnsafeMutablePointer<Float>
    /// The gradient arena of the level this shard computes into; plans that do not train never touch it.
    public var gradients: UnsafeMutablePointer<Float>
    /// Those of the network, and behind them those of each head.
    public var metrics: UnsafeMutablePointer<ShardMetrics>
    /// One for each of the plan's weight copies.
    public var weightCopies: [WeightCopyPlace]

    public init(
        activations: UnsafeMutableRawPointer, scratch: UnsafeMutableRawPointer, shared: UnsafeMutableRawPointer,
        parameters: UnsafeMutablePointer<Float>, gradients: UnsafeMutablePointer<Float>,
        metrics: UnsafeMutablePointer<ShardMetrics>, weightCopies: [WeightCopyPlace]
    ) {
        self.activations = activations
        self.scratch = scratch
        self.shared = shared
        self.parameters = parameters
        self.gradients = gradients
        self.metrics = metrics
        self.weightCopies = weightCopies
    }
}

/// Resolves buffers to addresses while a plan is bound.
public struct Memory {
    let regions: MemoryRegions
    let addresses: [Plan.Address]

    public subscript(buffer: BufferID) -> UnsafeMutableRawPointer {
        switch addresses[buffer.index] {
        case .activation(let offset): regions.activations + offset
        case .scratch(let offset): regions.scratch + offset
        case .shared(let offset): regions.shared + offset
        case .weightCopy(let copy): regions.weightCopies[copy].address
        case .parameter(let offset): UnsafeMutableRawPointer(regions.parameters + offset)
        case .gradient(let offset): UnsafeMutableRawPointer(regions.gradients + offset)
        }
    }

    public func floats(_ buffer: BufferID) -> UnsafeMutablePointer<Float> {
        self[buffer].assumingMemoryBound(to: Float.self)
    }

    var metrics: UnsafeMutablePointer<ShardMetrics> { regions.metrics }
}

/// A plan with its addresses: lists to run.
public struct BoundPlan {
    public struct Segment {
        public let kernels: [Kernel]
        /// How many of them, from the first, are of the forward pass.
        public let forward: Int
        /// For each kernel: gradients of arena elements below this offset are complete after it; 0 where nothing is
        /// new.
        public let gradientsReady: [Int]
        /// The arena ranges whose gradients the segment writes: what must be added up before another shard runs it.
        public let gradients: [Range<Int>]
        public let exchange: Exchange?
    }

    public struct Exchange {
        public let rule: Execution.Exchange.Rule
        public let count: Int
        public let local: UnsafeMutablePointer<Float>
        public let combined: UnsafeMutablePointer<Float>
    }

    public let plan: Plan
    let memory: Memory
    public let segments: [Segment]
    let weightCopies: [WeightCopy]
    /// Of the main input.
    public let input: UnsafeMutablePointer<Float>
    /// Of the others, in their order.
    public let furtherInputs: [UnsafeMutablePointer<Float>]
    public let targets: UnsafeMutableRawPointer?
    public let weights: UnsafeMutablePointer<Float>?
    public let output: UnsafeMutablePointer<Float>
    public let metrics: UnsafeMutablePointer<ShardMetrics>
    /// Of each head: its loss is not weighted.
    package var headMetrics: UnsafeBufferPointer<ShardMetrics> {
        UnsafeBufferPointer(start: metrics + 1, count: plan.heads)
    }
}
