import Basics

/// What a kernel may know about the step, beyond the plan. All randomness derives from it.
public struct StepContext: Sendable {
    public var seed: UInt64
    /// Counted over the whole run, from 0.
    public var step: UInt64
    /// Samples of the global batch of this step.
    public var batchSize: Int
    /// The position in the global batch of the shard's first sample.
    public var firstSample: Int

    public init(seed: UInt64, step: UInt64, batchSize: Int, firstSample: Int) {
        self.seed = seed
        self.step = step
        self.batchSize = batchSize
        self.firstSample = firstSample
    }
}

/// A planned piece of work that is bound to memory. It only computes.
public typealias Kernel = (StepContext) throws -> Void

/// What one shard adds to the metrics: sums, divided once by the true count.
public struct ShardMetrics: Sendable, Equatable, BitwiseCopyable {
    public var loss = 0.0
    public var correct = 0
    /// Samples whose label is among the five largest outputs.
    public var correctInTop5 = 0
    /// Of regression: a sample's mean over outputs of the errors' sizes, and of their squares.
    public var absoluteError = 0.0
    public var squaredError = 0.0

    public init() {}
}

public enum Phase: String, Sendable { case forward, loss, backward }

/// A kernel before it is bound: what it is called, and how to bind it.
public struct PlannedKernel {
    public let layer: String
    public let kind: String
    public let phase: Phase
    /// Buffers that it writes; they are searched if a loss is not a number.
    let writes: [BufferID]
    /// After this kernel the gradients of arena elements below this offset are complete.
    public internal(set) var gradientsReady = 0
    let bind: (Memory) throws -> Kernel
    /// The arena ranges of gradients that it writes, in plans with `sums`.
    var gradients: [Range<Int>] = []
    /// Binds a kernel that does the same for all shards of the rank, to the memory of the first.
    let bindForAllShards: ((Memory) throws -> Kernel)?
}

/// A value that all shards of all ranks must combine before the next segment can run: the barrier of global batch
/// normalisation.
public struct Exchange: Sendable {
    public enum Rule: Sendable {
        /// Elementwise sum.
        case sum
        /// The first half are means, the second half population variances, each over the shard's samples; they combine
        /// by Chan, Golub and LeVeque's parallel formula.
        case moments
    }

    public let rule: Rule
    public let count: Int
    let local: BufferID
    let combined: BufferID
}

/// Kernels that run without waiting for other shards, and what is exchanged after them.
public struct Segment {
    public internal(set) var kernels: [PlannedKernel] = []
    /// The arena ranges whose gradients it writes, ascending.
    public internal(set) var gradients: [Range<Int>] = []
    public internal(set) var exchange: Exchange?
    /// The parameter whose gradient is added over all shards when the last has run.
    var sum: Int?
    /// When the segment has run, the gradients of arena elements below this offset are complete; 0 where nothing is new.
    var gradientsReady = 0

    /// How many kernels, from the first, are of the forward pass.
    var forward: Int { kernels.prefix { $0.phase == .forward }.count }

    /// Its kernels in runs: those of one run either serve all shards at once, or one shard after the other.
    var runs: [Range<Int>] {
        var runs: [Range<Int>] = []
        for (number, kernel) in kernels.enumerated() {
            if let last = runs.last,
                (kernels[last.lowerBound].bindForAllShards == nil) == (kernel.bindForAllShards == nil)
            {
                runs[runs.count - 1] = last.lowerBound..<number + 1
            } else {
                runs.append(number..<number + 1)
            }
        }
        return runs
    }

    /// From the first to the last gradient that it writes and that is added shard by shard. Vector kernels may write whole
    /// registers.
    var span: Int {
        guard let first = gradients.first, let last = gradients.last else { return 0 }
        return (last.upperBound - first.lowerBound).rounded(upToMultipleOf: ArenaSlice.alignment)
    }
}
