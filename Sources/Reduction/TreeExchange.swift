import Basics
import Execution
import MessagePassing

/// Adds the ranks' partial sums along the fixed tree over shards, so that the bits do not depend on the number of ranks.
///
/// For each bucket `MPI_Ialltoallv` sends every rank its slice of each partial sum, from where it lies in the gradient
/// arena. The owner of a slice adds them in the order of the tree. Once it has updated its slice of the parameter arena,
/// `MPI_Iallgatherv` shares the new weights, in place.
///
/// Gradients and weights have separate communicators, and each goes through the buckets in order. So all ranks start the
/// collectives of one communicator in the same order, however the arrivals of gradients and weights interleave.
///
/// Where the bucket plan says that gradients are rounded, every shard's gradient and every sum below the root of the
/// tree is rounded to bf16, whether it travels or not; what travels is half as long. The root and the weights stay in
/// single precision.
public final class TreeExchange: GradientExchange {
    public static var caveat: String? { nil }
    public static var addsRounded: Bool { true }

    public static func slice(_ bucket: Int, of rank: Int, _ buckets: BucketPlan, _ nodes: NodeMap) -> Range<Int> {
        buckets.slice(bucket, of: rank)
    }

    public static func memory(_ plan: ExchangePlan) -> ExchangeMemory {
        ExchangeMemory(plan, messages: room(plan).bytes)
    }

    public let arenas: Arenas
    private let rank: Int
    private let partition: ShardPartition
    private let buckets: BucketPlan
    private let cause: WaitCause
    private let weightCommunicator: Communicator
    private let weightLayouts: [RankLayout]
    private let messages: BucketMessages
    private let transfer: PartialTransfer

    /// One schedule a number of non-empty shards.
    private var schedules: [TreeSchedule?]
    private var schedule: TreeSchedule
    private var program: ShardProgram

    public init(_ plan: ExchangePlan, _ communicator: Communicator) throws {
        (rank, partition, buckets) = (plan.rank, plan.partition, plan.buckets)
        cause = plan.nodes.waitCause
        arenas = plan.makeArenas()
        let gradientCommunicator = try communicator.duplicate()
        weightCommunicator = try communicator.duplicate()
        weightLayouts = try plan.buckets.buckets.indices.map { bucket in
            try RankLayout(counts: (0..<plan.partition.ranks).map { plan.buckets.slice(bucket, of: $0).count })
        }
        let room = Self.room(plan)
        let messages = BucketMessages(
            buckets: buckets.buckets.count, gradientMessages: room.most, communicator)
        self.messages = messages
        transfer = PartialTransfer(room, buckets, gradientCommunicator, messages)
        program = ShardProgram(partition, rank: rank, present: partition.shards)
        schedule = try Self.schedule(plan.partition, plan.buckets, rank: plan.rank, present: plan.partition.shards)
        schedules = Array(repeating: nil, count: partition.shards) + [schedule]
        messages.use([arenas.parameters, schedule] + arenas.gradientLevels + weightLayouts)
    }

    public func begin(_ program: ShardProgram) throws {
        self.program = program
        if let known = schedules[program.present] {
            schedule = known
            return
        }
        schedule = try Self.schedule(partition, buckets, rank: rank, present: program.present)
        schedules[program.present] = schedule
        messages.use([schedule])
    }

    public func start(_ bucket: Int) throws {
        if partition.ranks == 1 { return }
        try transfer.start(bucket, buckets.buckets[bucket], schedule, partials: program.partials, arena: arena)
    }

    public func progress() throws { try messages.progress() }
    public func hasArrived(_ bucket: Int) -> Bool { messages.hasArrived(bucket) }

    public func wait() throws -> WaitCause {
        try messages.wait(cause)
        return cause
    }

    public func sum(_ bucket: Int) -> UnsafeMutablePointer<Float> {
        let slice = buckets.slice(bucket, of: rank)
        if partition.ranks == 1 { return arena(0) + slice.lowerBound }
        return transfer.sum(bucket, slice, schedule, endsInRoot: program.endsInRoot, own: arena(0), arena: arena)
    }

    public func share(_ bucket: Int) throws {
        if partition.ranks == 1 { return }
        messages.begin(.weights, bucket)
        let start = arenas.parameters.baseAddress + buckets.buckets[bucket].lowerBound
        let request = try weightCommunicator.startAllGatherV(inPlace: start, weightLayouts[bucket])
        let bytes = buckets.slice(bucket, of: rank).count * (partition.ranks - 1) * MemoryLayout<Float>.stride
        messages.addWeights(request, bucket, bytes: bytes)
    }

    public var isIdle: Bool { messages.isIdle }
    public var activeSeconds: Double { messages.activeSeconds }
    public var bytesSent: Int { messages.bytesSent }
    public var trace: ReductionTrace? {
        get { messages.trace }
        set { messages.trace = newValue }
    }

    private func arena(_ level: Int) -> UnsafeMutablePointer<Float> { arenas.gradientLevels[level].baseAddress }

    private static func room(_ plan: ExchangePlan) -> PartialTransfer.Room {
        let (partition, buckets) = (plan.partition, plan.buckets)
        return PartialTransfer.Room(
            partials: (0..<partition.ranks).map {
                ShardProgram.subtrees(of: $0, partition, present: partition.shards).count
            },
            partner: plan.rank, owned: buckets.buckets.indices.map { buckets.slice($0, of: plan.rank) },
            roundedCount: partition.ranks > 1 ? buckets.roundedCount : 0)
    }

    private static func schedule(
        _ partition: ShardPartition, _ buckets: BucketPlan, rank: Int, present: Int
    ) throws -> TreeSchedule {
        let ranks = 0..<partition.ranks
        return try TreeSchedule(
            ranks.map { ShardProgram.subtrees(of: $0, partition, present: present) }, partner: rank,
            slices: ranks.count == 1
                ? [] : buckets.buckets.indices.map { bucket in ranks.map { buckets.slice(bucket, of: $0) } })
    }
}

/// left += right, element by element.
func add(_ right: UnsafePointer<Float>, into left: UnsafeMutablePointer<Float>, count: Int) {
    for i in 0..<count { left[i] += right[i] }
}
