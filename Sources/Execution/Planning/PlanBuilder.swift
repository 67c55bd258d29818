import Basics
import Lowering
import Models

/// A piece of memory that kernels name before it has an address.
public struct BufferID: Hashable, Sendable {
    let index: Int
}

/// What lies in a buffer; used to find values that are not finite.
public enum BufferContents: Sendable {
    case floats
    case bfloat16
    case other
}

/// Collects kernels in execution order, and infers from what they read and write how long each buffer lives.
public final class PlanBuilder {
    enum Region {
        case activation(bytes: Int)
        case scratch(bytes: Int)
        case shared(bytes: Int)
        /// By its number among the plan's.
        case weightCopy(Int)
        case parameter(Int)
        case gradient(Int)
    }

    struct Buffer {
        let region: Region
        let contents: BufferContents
        /// Numbers of the first and last kernel that touch it; of the segments, in plans with `sums`.
        var life: ClosedRange<Int>?
    }

    public let network: Network
    /// Samples of the shard the plan is for.
    public let samples: Int
    public let purpose: PlanPurpose
    public let batchNormalization: BatchNormalizationMode
    /// The arena of the run's training plan; nil while that plan itself is built, which fixes it.
    let arena: ArenaLayout?

    /// Whether the plan runs for several shards a step, which then share copies of weights.
    public let keepsWeightCopies: Bool
    /// How the rank's shards are added, if all go through one operation before the next.
    public let sums: ShardSums?
    /// Samples of the largest shard that is trained on.
    public let largestShard: Int

    private(set) var buffers: [Buffer] = []
    private(set) var segments = [Segment()]
    private(set) var formats: [Int: any ParameterFormat] = [:]
    /// Trainable parameters in the order in which their gradients become complete, with the kernel after which they
    /// are.
    private(set) var completed: [(parameter: Int, segment: Int, kernel: Int)] = []
    /// The parameters whose gradients each segment writes; a gradient is written in one segment only.
    private(set) var gradientWrites: [Set<Int>] = [[]]
    /// Remarks of engines: primitives for which only a reference implementation was found.
    public private(set) var remarks: [String] = []
    private(set) var weightCopies: [WeightCopy] = []
    private var weightCopyBuffers: [WeightCopy.Identity: BufferID] = [:]
    private var isMakingWeightCopy = false
    var sharedParameters: SharedParameters
    private var kernelCount = 0
    private var layer = ""
    private var kind = ""
    private var phase = Phase.forward

    init(
        network: Network, operations: [Operation], samples: Int, purpose: PlanPurpose,
        batchNormalization: BatchNormalizationMode,
        arena: ArenaLayout?, keepsWeightCopies: Bool, sums: ShardSums?, largestShard: Int
    ) {
        self.network = network
        sharedParameters = SharedParameters(operations)
        self.samples = samples
        self.purpose = purpose
        self.batchNormalization = batchNormalization
        self.arena = arena
        self.keepsWeightCopies = keepsWeightCopies
        self.sums = sums
        self.largestShard = largestShard
    }

    public var isTraining: Bool { purpose == .training }

    /// Kernels that are emitted from here on belong to this layer and phase.
    func enter(layer: String, kind: String, phase: Phase) {
        (self.layer, self.kind, self.phase) = (layer, kind, phase)
        // Even where an operation has no kernel, so that plans for other numbers of samples have as many segments.
        if sums != nil { endSegment() }
    }

    /// What is emitted from here on runs when all shards have come so far.
    private func endSegment() {
        segments.append(Segment())
        gradientWrites.append([])
    }

    // MARK: Buffers

    /// Memory of the shard that lives from the first to the last kernel that names it, and shares its place before and
    /// after.
    public func activation(bytes: Int, of contents: BufferContents = .floats) -> BufferID {
        add(.activation(bytes: bytes), contents)
    }

    public func activation(floats: Int) -> BufferID { activation(bytes: floats * MemoryLayout<Float>.stride) }

    /// Memory for use inside one kernel, or between neighbours; never across segments.
    public func scratch(bytes: Int) -> BufferID { add(.scratch(bytes: bytes), .other) }

    public func scratch(floats: Int) -> BufferID { scratch(bytes: floats * MemoryLayout<Float>.stride) }

    /// Whether what the rank's shards have in a buffer of so many bytes is one piece of memory: where `forAllShards` may be used.
    public func liesSideBySide(_ buffer: BufferID, bytes: Int) -> Bool {
        guard sums != nil, case .activation(let own) = buffers[buffer.index].region else { return false }
        return own == bytes && bytes.isMultiple(of: MemoryPlan.alignment)
    }

    /// Memory that all shards of a rank share, for the results of exchanges.
    func shared(floats: Int) -> BufferID { add(.shared(bytes: floats * MemoryLayout<Float>.stride), .floats) }

    /// A parameter's slice of the arena, and the format it has there: the preferred one, unless an earlier plan fixed
    /// another.
    public func parameter(
        _ index: Int, preferring format: @autoclosure () -> any ParameterFormat
    ) -> (buffer: BufferID, format: any ParameterFormat) {
        let chosen = arena?[parameter: index].format ?? formats[index] ?? format()
        formats[index] = chosen
        return (add(.parameter(index), .floats), chosen)
    }

    /// A vector or another parameter that every engine keeps row-major.
    public func plainParameter(_ index: Int) -> BufferID {
        let count = network.parameters[index].specification.shape.count
        return parameter(index, preferring: PlainFormat(elementCount: count)).buffer
    }

    /// Where an operation leaves its gradient of a parameter, in the parameter's format: the parameter's slice of the gradient
    /// arena, or memory of the operation's own if the parameter is one of several operations.
    public func gradient(of index: Int) -> BufferID {
        sharedParameters.own(index) { activation(floats: elementCount(of: index)) } ?? arenaGradient(of: index)
    }

    /// Whether a parameter is one of several operations.
    public func isShared(_ index: Int) -> Bool { sharedParameters.isShared(index) }

    /// The slice of the gradient arena that belongs to a parameter.
    public func arenaGradient(of index: Int) -> BufferID { add(.gradient(index), .floats) }

    /// In the parameter's format, with the padding of its slice.
    func elementCount(of index: Int) -> Int {
        let format = arena?[parameter: index].format ?? formats[index]
        let count = format?.elementCount ?? network.parameters[index].specification.shape.count
        return count.rounded(upToMultipleOf: ArenaSlice.alignment)
    }

    /// A parameter in another form than the arena's. The kernels that `emitting` adds write it into the buffer. If the
    /// plan serves several shards, they run once a step; else they run here and write into scratch memory. Equal forms
    /// mean equal contents.
    public func weightCopy(
        of parameter: Int, in form: some Hashable, bytes: Int, emitting: (BufferID) throws -> Void
    ) rethrows -> BufferID {
        guard keepsWeightCopies else {
            let buffer = scratch(bytes: bytes)
            try emitting(buffer)
            return buffer
        }
        let identity = WeightCopy.Identity(parameter: parameter, form: AnyHashable(form))
        if let known = weightCopyBuffers[identity] { return known }
        let buffer = add(.weightCopy(weightCopies.count), .other)
        weightCopyBuffers[identity] = buffer
        weightCopies.append(WeightCopy(identity: identity, bytes: bytes))
        isMakingWeightCopy = true
        defer { isMakingWeightCopy = false }
        try emitting(buffer)
        return buffer
    }

    private func add(_ region: Region, _ contents: BufferContents) -> BufferID {
        buffers.append(Buffer(region: region, contents: contents, life: nil))
        return BufferID(index: buffers.count - 1)
    }

    // MARK: Kernels

    /// Adds a kernel to the current segment. `bind` is called once for each memory the plan is bound to, and returns
    /// the closure that a step runs. The closure must not allocate.
    ///
    /// `forAllShards` returns one that does the same for all shards of the rank at once, bit for bit. It is given the memory of
    /// the first; what the others have in a buffer lies behind it (`liesSideBySide`).
    public func emit(
        _ detail: String? = nil, reads: [BufferID], writes: [BufferID], bind: @escaping (Memory) throws -> Kernel,
        forAllShards: ((Memory) throws -> Kernel)? = nil
    ) {
        for buffer in reads + writes { touch(buffer) }
        for buffer in writes {
            if case .gradient(let parameter) = buffers[buffer.index].region { noteGradient(of: parameter) }
        }
        let kernel = PlannedKernel(
            layer: layer, kind: detail ?? kind, phase: phase, writes: writes, bind: bind,
            bindForAllShards: sums == nil ? nil : forAllShards)
        if isMakingWeightCopy {
            weightCopies[weightCopies.count - 1].kernels.append(kernel)
        } else {
            segments[segments.count - 1].kernels.append(kernel)
            kernelCount += 1
        }
    }

    /// Adds the gradients of a parameter, and of others with it, over all shards of the rank before they are written; in plans
    /// with `sums`. `make` gives what adds them, once a replica. `note` binds the kernel that tells it where a shard's operands
    /// lie.
    public func emitSum(
        of parameter: Int, reads: [BufferID], make: @escaping (Memory) -> any ShardSum,
        note: @escaping (any ShardSum, Memory) -> Kernel
    ) {
        emit(reads: reads, writes: []) { memory in note(memory.sum(of: parameter) { make(memory) }, memory) }
        segments[segments.count - 1].sum = parameter
    }

    /// Ends the segment: `local` of all shards is combined, and the returned buffer holds the result for what follows.
    public func exchange(_ local: BufferID, floats: Int, rule: Exchange.Rule) -> BufferID {
        let combined = shared(floats: floats)
        touch(local)
        segments[segments.count - 1].exchange = Exchange(rule: rule, count: floats, local: local, combined: combined)
        endSegment()
        return combined
    }

    public func remark(_ text: String) { remarks.append("\(layer) \(phase.rawValue): \(text)") }

    func complete(_ parameter: Int) {
        completed.append((parameter, segments.count - 1, segments[segments.count - 1].kernels.count - 1))
    }

    /// Keeps a buffer for the whole plan: the input, the targets, the output.
    func pin(_ buffer: BufferID) { buffers[buffer.index].life = 0...Int.max }

    func markGradientsReady(below offset: Int, segment: Int, kernel: Int) {
        segments[segment].gradientsReady = offset
        if kernel >= 0 { segments[segment].kernels[kernel].gradientsReady = offset }
    }

    private func noteGradient(of parameter: Int) {
        precondition(
            gradientWrites.dropLast().allSatisfy { !$0.contains(parameter) },
            "shards share gradient arenas: a gradient cannot be written in two segments")
        gradientWrites[gradientWrites.count - 1].insert(parameter)
    }

    private func touch(_ buffer: BufferID) {
        let life = buffers[buffer.index].life
        // Where shards lie side by side, one may run a whole segment while the next has not begun it: a place that becomes free
        // within the segment is still in use.
        let now = sums == nil ? kernelCount : segments.count - 1
        if sums != nil, case .scratch = buffers[buffer.index].region, let life {
            precondition(life.lowerBound == now, "other shards use the same scratch memory between segments")
        }
        let first = min(life?.lowerBound ?? now, now)
        buffers[buffer.index].life = first...max(life?.upperBound ?? now, now)
    }
}
