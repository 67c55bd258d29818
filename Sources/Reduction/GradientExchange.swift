import Basics
import Execution
import MessagePassing

/// What happens to a bucket between ranks: the gradients of all ranks become sums, and new weights reach all ranks.
/// `Reducer` drives an exchange, and does not know how the exchange works.
///
/// For each bucket, in the order of the arena, the reducer calls `start` once the rank's partial sums of it are complete,
/// `sum` once it `hasArrived`, and `share` once the owned slice is updated. Updates may be held back: any number of
/// buckets, even all, may be summed before the first is updated. A bucket of weights is written only after the rank
/// has started the same bucket of gradients, hence after its last kernel that reads them.
///
/// A step allocates nothing, except on the first of a number of non-empty shards.
public protocol GradientExchange: AnyObject {
    /// What the user should know before a run uses this exchange; nil if there is nothing.
    static var caveat: String? { get }
    /// Whether gradients can be rounded to bf16 before they are added (`BucketPlan.roundedCount`).
    static var addsRounded: Bool { get }
    /// The arena range of `bucket` that `rank` sums and updates; may be empty. Either the slices of all ranks tile the
    /// bucket, or each rank has the whole bucket.
    static func slice(_ bucket: Int, of rank: Int, _ buckets: BucketPlan, _ nodes: NodeMap) -> Range<Int>
    /// The memory that the exchange will allocate.
    static func memory(_ plan: ExchangePlan) -> ExchangeMemory

    /// Collective. Allocates the arenas and all that messages need.
    init(_ plan: ExchangePlan, _ communicator: Communicator) throws

    /// The parameters, and the gradient levels in which the rank's shards are summed; zero at first.
    var arenas: Arenas { get }

    /// A step begins: `program` is what this rank computes in it.
    func begin(_ program: ShardProgram) throws
    /// The rank's partial sums of `bucket` are complete in the gradient levels 0, 1, ..., and may leave.
    func start(_ bucket: Int) throws
    /// Moves messages on that are under way, without waiting.
    func progress() throws
    /// Waits until something has moved on, and says what for; not called while the exchange is idle.
    func wait() throws -> WaitCause
    /// Whether all partial sums of `bucket`, which has been started, are here.
    func hasArrived(_ bucket: Int) -> Bool
    /// Adds the partial sums of the owned slice of `bucket`, which has arrived and is not empty. Returns the first
    /// element of the sum, which stays where it is until the step ends, and may be changed there. Called once a step.
    func sum(_ bucket: Int) -> UnsafeMutablePointer<Float>
    /// Sends the parameters of the owned slice of `bucket`, which are new, to the ranks that lack them.
    func share(_ bucket: Int) throws
    /// Whether nothing is under way. When all buckets are shared and the exchange is idle, the rank's parameters are new.
    var isIdle: Bool { get }

    /// Seconds in which messages were under way, since the start.
    var activeSeconds: Double { get }
    /// Bytes this rank gave to MPI for other ranks, since the start.
    var bytesSent: Int { get }
    /// Is told of every bucket in runs that are traced.
    var trace: ReductionTrace? { get set }
}

/// The bytes that an exchange takes on one rank.
public struct ExchangeMemory: Sendable, Equatable {
    public var parameters: Int
    public var gradients: Int
    /// Of buffers that messages are packed into, received in, and added in.
    public var messages: Int

    /// An exchange whose ranks have arenas of their own.
    public init(_ plan: ExchangePlan, messages: Int) {
        let float = MemoryLayout<Float>.stride
        parameters = plan.parameterCount * float
        gradients = plan.levels * plan.buckets.count * float
        self.messages = messages
    }
}

/// What a gradient exchange is made for. It is known before anything is allocated, and so is who owns which slice.
public struct ExchangePlan {
    public let type: any GradientExchange.Type
    public let partition: ShardPartition
    public let buckets: BucketPlan
    /// The elements of the parameter arena: those of the gradients, and frozen weights behind them.
    public let parameterCount: Int
    public let rank: Int
    /// Which ranks share memory.
    public let nodes: NodeMap
    /// Whether all shards go through one operation before the next: gradients are then added as soon as they are computed, and
    /// arenas hold sums only.
    public let isLayerByLayer: Bool

    public init(
        _ type: any GradientExchange.Type, _ partition: ShardPartition, _ buckets: BucketPlan, parameterCount: Int,
        rank: Int, _ nodes: NodeMap, isLayerByLayer: Bool = false
    ) {
        precondition(partition.ranks == buckets.ranks && nodes.ranks == buckets.ranks, "plans of other ranks")
        precondition(parameterCount >= buckets.count, "every gradient has a parameter")
        precondition(type.addsRounded || buckets.roundedCount == 0, "the exchange does not add what is rounded")
        self.type = type
        self.partition = partition
        self.buckets = buckets
        self.parameterCount = parameterCount
        self.rank = rank
        self.nodes = nodes
        self.isLayerByLayer = isLayerByLayer
    }

    /// The gradient arenas that the rank needs.
    public var levels: Int {
        let sums = ShardProgram.sums(partition, rank: rank)
        return isLayerByLayer ? sums.partials : sums.levelCount
    }
    public var ownership: SliceOwnership { SliceOwnership(type, buckets, nodes, rank: rank) }
    public var memory: ExchangeMemory { type.memory(self) }

    /// Arenas of the rank's own.
    public func makeArenas() -> Arenas {
        Arenas(parameterCount: parameterCount, gradientCount: buckets.count, levels: levels)
    }

    /// Collective.
    public func make(_ communicator: Communicator) throws -> any GradientExchange {
        precondition(communicator.size == partition.ranks && communicator.rank == rank, "a plan of another rank")
        return try type.init(self, communicator)
    }
}
