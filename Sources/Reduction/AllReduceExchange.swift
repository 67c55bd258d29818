import Basics
import Execution
import MessagePassing

/// Leaves the sum to MPI: `MPI_Iallreduce` over each rank's own sum, after which every rank updates all weights. MPI
/// chooses the order of additions, so the bits depend on the number of ranks.
public final class AllReduceExchange: GradientExchange {
    public static var caveat: String? { "the result depends on the number of ranks" }
    public static var addsRounded: Bool { false }

    public static func slice(_ bucket: Int, of rank: Int, _ buckets: BucketPlan, _ nodes: NodeMap) -> Range<Int> {
        buckets.buckets[bucket]
    }

    public static func memory(_ plan: ExchangePlan) -> ExchangeMemory { ExchangeMemory(plan, messages: 0) }

    public let arenas: Arenas
    private let communicator: Communicator
    private let buckets: BucketPlan
    private let messages: BucketMessages
    private let cause: WaitCause
    private var partials = 0

    public init(_ plan: ExchangePlan, _ communicator: Communicator) throws {
        self.communicator = try communicator.duplicate()
        buckets = plan.buckets
        cause = plan.nodes.waitCause
        arenas = plan.makeArenas()
        messages = BucketMessages(buckets: buckets.buckets.count, gradientMessages: 1, communicator)
        messages.use(arenas.gradientLevels)
    }

    public func begin(_ program: ShardProgram) { partials = program.partials }

    public func start(_ bucket: Int) throws {
        if communicator.size == 1 { return }
        messages.begin(.gradients, bucket)
        let range = buckets.buckets[bucket]
        let sum = arenas.gradientLevels[0].baseAddress + range.lowerBound
        if partials == 0 { sum.update(repeating: 0, count: range.count) }
        for level in 1..<max(1, partials) {
            add(arenas.gradientLevels[level].baseAddress + range.lowerBound, into: sum, count: range.count)
        }
        let request = try communicator.startAllReduceSum(
            inPlace: UnsafeMutableBufferPointer(start: sum, count: range.count))
        messages.addGradients(request, bucket, bytes: range.count * MemoryLayout<Float>.stride)
    }

    public func progress() throws { try messages.progress() }

    public func wait() throws -> WaitCause {
        try messages.wait(cause)
        return cause
    }

    public func hasArrived(_ bucket: Int) -> Bool { messages.hasArrived(bucket) }

    public func sum(_ bucket: Int) -> UnsafeMutablePointer<Float> {
        arenas.gradientLevels[0].baseAddress + buckets.buckets[bucket].lowerBound
    }

    /// Every rank has the new weights already.
    public func share(_ bucket: Int) {}

    public var isIdle: Bool { messages.isIdle }
    public var activeSeconds: Double { messages.activeSeconds }
    public var bytesSent: Int { messages.bytesSent }
    public var trace: ReductionTrace? {
        get { messages.trace }
        set { messages.trace = newValue }
    }
}
