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
        let room = Room(plan)
        let rounded = RoundedPartials.bytes(count: room.rounded, levels: room.levels, total: room.partials)
        return ExchangeMemory(
            plan,
            messages: room.received * MemoryLayout<Float>.stride + (room.rounded > 0 ? rounded : 0))
    }

    public let arenas: Arenas
    private let rank: Int
    private let partition: ShardPartition
    private let buckets: BucketPlan
    private let gradientCommunicator: Communicator
    private let weightCommunicator: Communicator
    private let weightLayouts: [RankLayout]
    private let messages: BucketMessages

    private let receiveBuffer: AlignedBuffer<Float>
    private let receiveOffsets: [Int]
    private let rounded: RoundedPartials?
    private let stack: PartialStack

    /// One schedule a number of non-empty shards.
    private var schedules: [TreeSchedule?]
    private var schedule: TreeSchedule
    private var program: ShardProgram

    public init(_ plan: ExchangePlan, _ communicator: Communicator) throws {
        (rank, partition, buckets) = (plan.rank, plan.partition, plan.buckets)
        arenas = plan.makeArenas()
        gradientCommunicator = try communicator.duplicate()
        weightCommunicator = try communicator.duplicate()
        weightLayouts = try plan.buckets.buckets.indices.map { bucket in
            try RankLayout(counts: (0..<plan.partition.ranks).map { plan.buckets.slice(bucket, of: $0).count })
        }
        let room = Room(plan)
        receiveOffsets = room.offsets
        receiveBuffer = AlignedBuffer(count: room.received)
        rounded =
            room.rounded > 0 ? RoundedPartials(count: room.rounded, levels: room.levels, total: room.partials) : nil
        stack = PartialStack(capacity: room.partials)
        messages = BucketMessages(
            buckets: buckets.buckets.count, gradientMessages: room.mostPartials, communicator)
        program = ShardProgram(partition, rank: rank, present: partition.shards)
        schedule = try TreeSchedule(partition, rank: rank, present: partition.shards, buckets)
        schedules = Array(repeating: nil, count: partition.shards) + [schedule]
        messages.use([arenas.parameters, receiveBuffer, schedule] + arenas.gradientLevels + weightLayouts)
        if let rounded { messages.use(rounded.packed) }
    }

    public func begin(_ program: ShardProgram) throws {
        self.program = program
        if let known = schedules[program.present] {
            schedule = known
            return
        }
        schedule = try TreeSchedule(partition, rank: rank, present: program.present, buckets)
        schedules[program.present] = schedule
        messages.use([schedule])
    }

    public func start(_ bucket: Int) throws {
        if partition.ranks == 1 { return }
        messages.begin(.gradients, bucket)
        let range = buckets.buckets[bucket]
        let receive = receiveBuffer.baseAddress + receiveOffsets[bucket]
        if let rounded, buckets.isRounded(bucket) {
            for level in 0..<program.partials {
                rounded.pack(arenas.gradientLevels[level].baseAddress, range, level: level)
            }
            // If there is nothing to send, the arena does not matter.
            try start(bucket, receive: words(receive)) {
                rounded.packed[$0 < program.partials ? $0 : 0].baseAddress + range.lowerBound
            }
        } else {
            try start(bucket, receive: receive) {
                arenas.gradientLevels[$0 < program.partials ? $0 : 0].baseAddress + range.lowerBound
            }
        }
    }

    /// `send`: where the bucket lies in the arena of a partial sum.
    private func start<T: MessageElement>(
        _ bucket: Int, receive: UnsafeMutablePointer<T>, from send: (_ level: Int) -> UnsafeMutablePointer<T>
    ) throws {
        for level in 0..<schedule.exchanges {
            let layout = schedule.sendLayout(bucket: bucket, level: level)
            let request = try gradientCommunicator.startAllToAllV(
                send: send(level), layout, receive: receive, schedule.receiveLayout(bucket: bucket, level: level))
            messages.addGradients(request, bucket, part: level, bytes: layout.total * MemoryLayout<T>.stride)
        }
    }

    public func progress() throws { try messages.progress() }
    public func wait() throws { try messages.wait() }
    public func hasArrived(_ bucket: Int) -> Bool { messages.hasArrived(bucket) }

    public func sum(_ bucket: Int) -> UnsafeMutablePointer<Float> {
        let slice = buckets.slice(bucket, of: rank)
        let own = arenas.gradientLevels[0].baseAddress + slice.lowerBound
        if partition.ranks == 1 { return own }
        let received = receiveBuffer.baseAddress + receiveOffsets[bucket]
        if let rounded, buckets.isRounded(bucket) {
            rounded.add(
                schedule.partials, endsInRoot: program.endsInRoot, received: words(received), slice, into: own)
            return own
        }
        return stack.add(schedule.partials, additions: { $0.additions }) { partial in
            partial.place.map { received + $0 * slice.count }
                ?? arenas.gradientLevels[partial.level].baseAddress + slice.lowerBound
        } add: {
            add($1, into: $0, count: slice.count)
        }
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

    /// The receive area of a bucket whose partial sums travel rounded.
    private func words(_ values: UnsafeMutablePointer<Float>) -> UnsafeMutablePointer<UInt16> {
        UnsafeMutableRawPointer(values).assumingMemoryBound(to: UInt16.self)
    }

    /// The room that messages take, in elements.
    private struct Room {
        /// Partial sums of this rank, of all ranks, and of the rank that has most.
        let levels: Int
        let partials: Int
        let mostPartials: Int
        /// Where each bucket's partial sums of other ranks are received.
        let offsets: [Int]
        let received: Int
        /// The elements that travel rounded; 0 where nothing travels.
        let rounded: Int

        init(_ plan: ExchangePlan) {
            let (partition, buckets) = (plan.partition, plan.buckets)
            let counts = (0..<partition.ranks).map {
                ShardProgram.subtrees(of: $0, partition, present: partition.shards).count
            }
            levels = counts[plan.rank]
            partials = counts.reduce(0, +)
            mostPartials = counts.max() ?? 1
            var end = 0
            var offsets: [Int] = []
            for bucket in buckets.buckets.indices {
                offsets.append(end)
                end += (partials - levels) * buckets.slice(bucket, of: plan.rank).count
            }
            self.offsets = offsets
            received = end
            rounded = partition.ranks > 1 ? buckets.roundedCount : 0
        }
    }
}

/// left += right, element by element.
func add(_ right: UnsafePointer<Float>, into left: UnsafeMutablePointer<Float>, count: Int) {
    for i in 0..<count { left[i] += right[i] }
}
