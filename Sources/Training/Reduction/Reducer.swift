import MessagePassing
import NumericCore

/// Adds up the shards' gradients over all ranks along the fixed tree, has the weights updated, and shares them, while
/// the backward pass still runs.
///
/// For each bucket, in the order in which the backward pass makes buckets ready:
/// a) Every rank adds its shards' gradients, level into level, until one partial sum a subtree of its own is left.
/// b) `MPI_Ialltoallv` sends every rank its slice of each partial sum, from where it lies in the gradient arena.
/// c) The owner of a slice adds all ranks' partial sums in the order of the tree.
/// d) The optimizer updates the owned slice of the parameter arena.
/// e) `MPI_Iallgatherv` shares the new weights, in place.
///
/// Exchanges (b) and sharing (e) have a communicator each, and each goes through the buckets in order: so all ranks
/// start the collectives of one communicator in the same order, however their arrivals interleave. In `allReduce` mode
/// `MPI_Iallreduce` takes the place of b, c and e, every rank updates everything, and the bits depend on the rank
/// count.
///
/// A bucket's weights change as soon as its sums have arrived. The backward pass of the rank's last shard must not read
/// them any more by then, which holds if a layer reports its gradients ready after its backward data; `deferUpdates` is
/// for callers who cannot promise that. A step allocates nothing, except the schedule of a batch size seen for the
/// first time.
public final class Reducer {
    /// Updates the parameters of an arena range, given the summed gradient's first element for that range.
    public typealias Update = (_ range: Range<Int>, _ gradient: UnsafeMutablePointer<Float>) throws -> Void

    public enum Mode: String, Sendable, CaseIterable {
        case tree
        case allReduce = "allreduce"
    }

    public let partition: ShardPartition
    public let buckets: BucketPlan
    public let mode: Mode
    /// Holds all updates back until `finish`.
    public let deferUpdates: Bool

    /// Seconds spent in `finish` waiting for messages: communication that nothing hid.
    public private(set) var exposedSeconds = 0.0
    /// Seconds in which messages were under way while this rank computed, as far as `progress` lets it know.
    public var hiddenSeconds: Double { underwaySeconds - exposedSeconds }
    /// Seconds spent in the optimizer.
    public private(set) var updateSeconds = 0.0
    /// Bytes this rank gave to MPI for other ranks.
    public private(set) var bytesSent = 0
    /// Is told of every bucket in runs that are traced.
    public var trace: ReductionTrace?

    private let rank: Int
    private let exchangeCommunicator: Communicator
    private let shareCommunicator: Communicator
    private let shareLayouts: [RankLayout]
    private let parameters: AlignedBuffer<Float>
    private let gradientLevels: [AlignedBuffer<Float>]
    private let update: Update

    /// One schedule a number of non-empty shards.
    private var schedules: [ReductionSchedule?]
    private var schedule: ReductionSchedule?
    private let receiveBuffer: AlignedBuffer<Float>
    private let receiveOffsets: [Int]
    /// The owner's stack of partial sums.
    private let stack: UnsafeMutablePointer<UnsafeMutablePointer<Float>>

    /// Places 0..<buckets*exchangesPerBucket hold exchanges, one more a bucket its sharing.
    private let requests: RequestSet
    private let exchangesPerBucket: Int
    /// Exchanges under way, by bucket.
    private var missing: [Int]
    private var bucketsStarted = 0
    private var bucketsUpdated = 0
    private var underwaySeconds = 0.0
    /// Since when some message has been under way.
    private var underwaySince: UInt64?

    /// The gradient arenas that `rank` needs.
    public static func levelCount(partition: ShardPartition, rank: Int) -> Int {
        let levels = ReductionSchedule.program(of: rank, partition, present: partition.shards).levels
        return (levels.max() ?? 0) + 1
    }

    /// Collective. The gradient arenas, as many as `levelCount` says, have `buckets.count` elements each; frozen weights may
    /// follow behind these in the parameter arena.
    public init(
        communicator: Communicator, partition: ShardPartition, buckets: BucketPlan, parameters: AlignedBuffer<Float>,
        gradientLevels: [AlignedBuffer<Float>], mode: Mode = .tree, deferUpdates: Bool = false, update: @escaping Update
    ) throws {
        precondition(partition.ranks == communicator.size && buckets.ranks == communicator.size, "plans of other ranks")
        precondition(gradientLevels.count >= Self.levelCount(partition: partition, rank: communicator.rank))
        precondition(
            gradientLevels.allSatisfy { $0.count == buckets.count } && parameters.count >= buckets.count,
            "arenas of other sizes")
        rank = communicator.rank
        self.partition = partition
        self.buckets = buckets
        self.parameters = parameters
        self.gradientLevels = gradientLevels
        self.mode = mode
        self.deferUpdates = deferUpdates
        self.update = update
        exchangeCommunicator = try communicator.duplicate()
        shareCommunicator = try communicator.duplicate()
        let bucketCount = buckets.buckets.count
        shareLayouts = try (0..<bucketCount).map { bucket in
            let slices = (0..<partition.ranks).map { buckets.slice(bucket, of: $0) }
            return try RankLayout(counts: slices.map(\.count))
        }

        let tree = ReductionTree(shards: partition.shards)
        let partials = (0..<partition.ranks).map { tree.subtrees(of: partition.shards(of: $0)).count }
        let remote = mode == .tree ? partials.reduce(0, +) - partials[communicator.rank] : 0
        var size = 0
        var offsets: [Int] = []
        for bucket in 0..<bucketCount {
            offsets.append(size)
            size += remote * buckets.slice(bucket, of: communicator.rank).count
        }
        receiveOffsets = offsets
        receiveBuffer = AlignedBuffer(count: size)
        stack = .allocate(capacity: partials.reduce(0, +))
        schedules = Array(repeating: nil, count: partition.shards + 1)
        exchangesPerBucket = partials.max() ?? 1
        missing = Array(repeating: 0, count: bucketCount)
        requests = RequestSet(capacity: bucketCount * (exchangesPerBucket + 1), rank: communicator.rank)
    }

    deinit {
        stack.deallocate()
        if requests.inFlight > 0 { abandonMemory() }
    }

    /// An error has ended a step in its middle, and the process is about to end. Until then MPI moves messages on, so
    /// their memory stays.
    private func abandonMemory() {
        let users: [AnyObject] =
            [parameters, receiveBuffer] + gradientLevels + shareLayouts + schedules.compactMap { $0 }
        for user in users { _ = Unmanaged.passRetained(user) }
    }

    // MARK: One step, as the trainer drives it

    /// Begins a step on `batch` samples in all. Collective in effect: all ranks give the same number.
    public func begin(batch: Int) throws {
        precondition(batch > 0, "a step needs a sample")
        precondition(bucketsStarted == bucketsUpdated && requests.inFlight == 0, "the last step has not been finished")
        let present = min(batch, partition.shards)
        if schedules[present] == nil {
            schedules[present] = try ReductionSchedule(
                partition: partition, rank: rank, present: present, buckets: buckets)
        }
        schedule = schedules[present]
        bucketsStarted = 0
        bucketsUpdated = 0
        underwaySince = nil
    }

    /// The rank's non-empty shards in this step. May be empty: the rank then only calls `finish`.
    public var shards: Range<Int> { current.shards }

    /// The gradient arena that the gradient of `shard`, one of `shards`, is computed into.
    public func level(ofShard shard: Int) -> Int { current.levels[shard - current.shards.lowerBound] }

    /// Says that the gradient of `shard`, any but the last of `shards`, is complete in `range` of its arena.
    public func shardFinished(_ shard: Int, range: Range<Int>) {
        precondition(shard != current.shards.upperBound - 1, "the last shard reports by gradientsReady")
        addLevels(after: shard, range)
    }

    /// Says that the gradient of the last of `shards` is complete below `offset`, and sends the buckets that are now
    /// complete on their way.
    public func gradientsReady(upTo offset: Int) throws {
        while bucketsStarted < buckets.buckets.count, buckets.buckets[bucketsStarted].upperBound <= offset {
            let range = buckets.buckets[bucketsStarted]
            if let last = current.shards.last { addLevels(after: last, range) }
            try startExchange(of: bucketsStarted)
            bucketsStarted += 1
        }
        try progress()
    }

    /// Moves messages on, and sums and updates what has arrived. Cheap where nothing has: to be called between the
    /// operations of the backward pass.
    public func progress() throws {
        note(try requests.testSome())
        if !deferUpdates { try updateArrived() }
    }

    /// Ends the step: returns when all parameters of this rank are new.
    public func finish() throws {
        try gradientsReady(upTo: buckets.count)
        try updateArrived()
        while requests.inFlight > 0 {
            let (start, missing) = (BootClock.now, requests.inFlight)
            let completed = try requests.waitSome()
            exposedSeconds += BootClock.seconds(since: start)
            trace?.waited(missing: missing, from: start)
            note(completed)
            try updateArrived()
        }
    }

    /// The parts of the arena that this rank updates, ascending: its slices, or everything in `allReduce` mode.
    public var ownedRanges: [Range<Int>] {
        mode == .tree ? buckets.buckets.indices.map { buckets.slice($0, of: rank) } : buckets.buckets
    }

    /// Completes an arena of which every rank has written its `ownedRanges` only, such as an optimizer's slots before a
    /// checkpoint. Collective; between steps.
    public func share(_ arena: AlignedBuffer<Float>) throws {
        precondition(arena.count == buckets.count && requests.inFlight == 0, "an arena like the others, between steps")
        if mode == .allReduce || partition.ranks == 1 { return }
        for bucket in buckets.buckets.indices { try startSharing(arena, bucket) }
        try requests.waitAll()
    }

    // MARK: The steps of the protocol

    private var current: ReductionSchedule {
        guard let schedule else { preconditionFailure("no step has begun") }
        return schedule
    }

    /// Step a: the additions that are due once `shard` is complete in `range`.
    private func addLevels(after shard: Int, _ range: Range<Int>) {
        let index = shard - current.shards.lowerBound
        var top = current.levels[index]
        for _ in 0..<current.additions[index] {
            let right = gradientLevels[top].baseAddress + range.lowerBound
            add(right, into: gradientLevels[top - 1].baseAddress + range.lowerBound, count: range.count)
            top -= 1
        }
    }

    /// Step b.
    private func startExchange(of bucket: Int) throws {
        let range = buckets.buckets[bucket]
        missing[bucket] = 0
        trace?.messageStarted(.gradients, bucket: bucket)
        if mode == .allReduce {
            if partition.ranks > 1 { try startAllReduce(of: bucket) }
            return
        }
        let schedule = current
        let receive = receiveBuffer.baseAddress + receiveOffsets[bucket]
        for level in 0..<schedule.exchanges {
            let layout = schedule.sendLayout(bucket: bucket, level: level)
            // With nothing to send any arena will do.
            let arena = gradientLevels[level < schedule.ownPartials ? level : 0]
            let request = try exchangeCommunicator.startAllToAllV(
                send: arena.baseAddress + range.lowerBound, layout,
                receive: receive, schedule.receiveLayout(bucket: bucket, level: level))
            insert(request, at: bucket * exchangesPerBucket + level)
            missing[bucket] += 1
            bytesSent += layout.total * MemoryLayout<Float>.stride
        }
    }

    private func startAllReduce(of bucket: Int) throws {
        let range = buckets.buckets[bucket]
        let sum = gradientLevels[0].baseAddress + range.lowerBound
        if current.ownPartials == 0 { sum.update(repeating: 0, count: range.count) }
        for level in 1..<max(1, current.ownPartials) {
            add(gradientLevels[level].baseAddress + range.lowerBound, into: sum, count: range.count)
        }
        let request = try exchangeCommunicator.startAllReduceSum(
            inPlace: UnsafeMutableBufferPointer(start: sum, count: range.count))
        insert(request, at: bucket * exchangesPerBucket)
        missing[bucket] = 1
        bytesSent += range.count * MemoryLayout<Float>.stride
    }

    private func insert(_ request: Request, at place: Int) {
        if underwaySince == nil { underwaySince = BootClock.now }
        requests.insert(request, at: place)
    }

    /// Takes note of requests that have completed.
    private func note(_ places: UnsafeBufferPointer<Int32>) {
        let exchanges = buckets.buckets.count * exchangesPerBucket
        for place in places.lazy.map({ Int($0) }) {
            if place >= exchanges {
                trace?.messageEnded(.weights, bucket: place - exchanges)
                continue
            }
            let bucket = place / exchangesPerBucket
            missing[bucket] -= 1
            if missing[bucket] == 0 { trace?.messageEnded(.gradients, bucket: bucket) }
        }
        if requests.inFlight == 0, let since = underwaySince {
            underwaySeconds += BootClock.seconds(since: since)
            underwaySince = nil
        }
    }

    /// Steps c, d and e for all buckets whose partial sums have arrived, in order.
    private func updateArrived() throws {
        while bucketsUpdated < bucketsStarted, missing[bucketsUpdated] == 0 {
            let bucket = bucketsUpdated
            let owned = mode == .tree ? buckets.slice(bucket, of: rank) : buckets.buckets[bucket]
            if !owned.isEmpty {
                let local = gradientLevels[0].baseAddress + owned.lowerBound
                let sum = mode == .tree ? sumPartials(of: bucket, owned) : local
                let start = BootClock.now
                try update(owned, sum)
                updateSeconds += BootClock.seconds(since: start)
                trace?.updated(bucket: bucket, from: start)
            }
            if mode == .tree, partition.ranks > 1 {
                trace?.messageStarted(.weights, bucket: bucket)
                try startSharing(parameters, bucket)
            }
            bucketsUpdated += 1
        }
    }

    /// Step c: returns where the sum lies, in this rank's arena or in what it received.
    private func sumPartials(of bucket: Int, _ slice: Range<Int>) -> UnsafeMutablePointer<Float> {
        let received = receiveBuffer.baseAddress + receiveOffsets[bucket]
        var height = 0
        for partial in current.partials {
            if let place = partial.place {
                stack[height] = received + place * slice.count
            } else {
                stack[height] = gradientLevels[partial.level].baseAddress + slice.lowerBound
            }
            height += 1
            for _ in 0..<partial.additions {
                add(stack[height - 1], into: stack[height - 2], count: slice.count)
                height -= 1
            }
        }
        return stack[0]
    }

    /// Step e.
    private func startSharing(_ arena: AlignedBuffer<Float>, _ bucket: Int) throws {
        let start = arena.baseAddress + buckets.buckets[bucket].lowerBound
        let request = try shareCommunicator.startAllGatherV(inPlace: start, shareLayouts[bucket])
        insert(request, at: buckets.buckets.count * exchangesPerBucket + bucket)
        bytesSent += buckets.slice(bucket, of: rank).count * (partition.ranks - 1) * MemoryLayout<Float>.stride
    }
}

/// left += right, element by element.
private func add(_ right: UnsafePointer<Float>, into left: UnsafeMutablePointer<Float>, count: Int) {
    for i in 0..<count { left[i] += right[i] }
}
