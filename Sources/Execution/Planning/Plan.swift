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
    public internal(set) var segments: [Segment]
    /// What must be made before the first segment runs; several plans may share it.
    public let weightCopies: [WeightCopy]
    public let arena: ArenaLayout
    /// Bytes for each shard that is in flight at the same time.
    public let activationBytes: Int
    /// Bytes for each rank.
    public let scratchBytes: Int
    public let sharedBytes: Int
    /// Floats of each level of gradients above those of the sums, where all shards go through one segment before the next.
    let spareCount: Int
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
        case activation(Int, bytes: Int)
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

    private static func bind(_ run: Range<Int>, of segment: Segment, _ memory: Memory) throws -> BoundPlan.Run {
        BoundPlan.Run(
            kernels: run, forAllShards: try segment.kernels[run].compactMap { try $0.bindForAllShards?(memory) },
            gradients: segment.gradients.filter { range in
                segment.kernels.lastIndex { $0.gradients.contains(range) }.map(run.contains) ?? false
            })
    }

    public func bind(to memory: MemoryRegions) throws -> BoundPlan {
        let bound = Memory(regions: memory, addresses: addresses, gradients: memory.gradients.start(for: []))
        let segments = try self.segments.map { segment in
            let bound = Memory(
                regions: memory, addresses: addresses, gradients: memory.gradients.start(for: segment.gradients))
            return BoundPlan.Segment(
                kernels: try segment.kernels.map { try $0.bind(bound) },
                runs: memory.servesAllShards ? try segment.runs.map { try Self.bind($0, of: segment, bound) } : [],
                sum: segment.sum.flatMap { memory.sumTable?.known($0) }, memory: bound, forward: segment.forward,
                gradientsReady: segment.kernels.map(\.gradientsReady), allReady: segment.gradientsReady,
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
    public var activations: ActivationMemory
    public var scratch: UnsafeMutableRawPointer
    public var shared: UnsafeMutableRawPointer
    public var parameters: UnsafeMutablePointer<Float>
    /// The level this shard computes its gradients into; plans that do not train never touch it.
    public var gradients: GradientMemory
    /// The gradient arenas that hold the sums of the rank's shards at the end.
    public var sums: [UnsafeMutablePointer<Float>]
    /// The shard, of the rank's.
    var shard = 0
    var sumTable: ShardSumTable?
    /// Those of the network, and behind them those of each head.
    public var metrics: UnsafeMutablePointer<ShardMetrics>
    /// One for each of the plan's weight copies.
    public var weightCopies: [WeightCopyPlace]

    public init(
        activations: ActivationMemory, scratch: UnsafeMutableRawPointer, shared: UnsafeMutableRawPointer,
        parameters: UnsafeMutablePointer<Float>, gradients: GradientMemory,
        sums: [UnsafeMutablePointer<Float>] = [], metrics: UnsafeMutablePointer<ShardMetrics>,
        weightCopies: [WeightCopyPlace]
    ) {
        self.activations = activations
        self.scratch = scratch
        self.shared = shared
        self.parameters = parameters
        self.gradients = gradients
        self.sums = sums
        self.metrics = metrics
        self.weightCopies = weightCopies
    }

    /// Whether kernels for all shards at once find them here: this is the first of shards that lie side by side.
    fileprivate var servesAllShards: Bool { activations.shards > 1 && activations.shard == 0 }
}

/// Where the activations of a shard lie.
public struct ActivationMemory {
    let start: UnsafeMutableRawPointer
    let shard: Int
    let shards: Int

    /// In a block of its own; or, as one of several with plans for as many samples, each buffer beside that of the next shard.
    public init(_ start: UnsafeMutableRawPointer, shard: Int = 0, of shards: Int = 1) {
        self.start = start
        self.shard = shard
        self.shards = shards
    }

    /// Of a buffer that a plan has at `offset`.
    func address(_ offset: Int, bytes: Int) -> UnsafeMutableRawPointer {
        start + shards * offset + shard * bytes.rounded(upToMultipleOf: MemoryPlan.alignment)
    }
}

/// What a shard's gradients are written to.
public enum GradientMemory {
    /// An arena.
    case arena(UnsafeMutablePointer<Float>)
    /// Memory that each segment uses anew, for the part of an arena that it writes.
    case spare(UnsafeMutablePointer<Float>)

    /// Where an arena begins, or would, of which a segment writes these ranges.
    package func start(for ranges: [Range<Int>]) -> UnsafeMutablePointer<Float> {
        switch self {
        case .arena(let start): start
        case .spare(let start): start - (ranges.first?.lowerBound ?? 0)
        }
    }
}

/// Resolves buffers to addresses while a plan is bound.
public struct Memory {
    let regions: MemoryRegions
    let addresses: [Plan.Address]
    let gradients: UnsafeMutablePointer<Float>

    /// The shard, of the rank's.
    public var shard: Int { regions.shard }

    public subscript(buffer: BufferID) -> UnsafeMutableRawPointer {
        switch addresses[buffer.index] {
        case .activation(let offset, let bytes): regions.activations.address(offset, bytes: bytes)
        case .scratch(let offset): regions.scratch + offset
        case .shared(let offset): regions.shared + offset
        case .weightCopy(let copy): regions.weightCopies[copy].address
        case .parameter(let offset): UnsafeMutableRawPointer(regions.parameters + offset)
        case .gradient(let offset): UnsafeMutableRawPointer(gradients + offset)
        }
    }

    public func floats(_ buffer: BufferID) -> UnsafeMutablePointer<Float> {
        self[buffer].assumingMemoryBound(to: Float.self)
    }

    var metrics: UnsafeMutablePointer<ShardMetrics> { regions.metrics }

    func sum(of parameter: Int, make: () -> any ShardSum) -> any ShardSum {
        regions.sumTable?.sum(of: parameter, make: make) ?? make()
    }

    /// Where the sums of a gradient over the rank's shards go, one for each that is left at the end.
    public func sums(_ gradient: BufferID) -> [UnsafeMutablePointer<Float>] {
        guard case .gradient(let offset) = addresses[gradient.index] else {
            preconditionFailure("only gradients are added over shards")
        }
        return regions.sums.map { $0 + offset }
    }
}

/// A plan with its addresses: lists to run.
public struct BoundPlan {
    /// Kernels of a segment that shards which lie side by side have run before the next run begins.
    public struct Run {
        public let kernels: Range<Int>
        /// Kernels that do the same for all shards at once; empty if there are none.
        public let forAllShards: [Kernel]
        /// The arena ranges of gradients that they are the last to write.
        public let gradients: [Range<Int>]
    }

    public struct Segment {
        public let kernels: [Kernel]
        /// How shards that lie side by side go through them; of the first such shard only.
        public let runs: [Run]
        /// Adds gradients when the last shard has run.
        public let sum: (any ShardSum)?
        let memory: Memory
        /// How many of them, from the first, are of the forward pass.
        public let forward: Int
        /// For each kernel: gradients of arena elements below this offset are complete after it; 0 where nothing is
        /// new.
        public let gradientsReady: [Int]
        /// The same for the whole segment.
        public let allReady: Int
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
