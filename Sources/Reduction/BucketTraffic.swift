import MessagePassing
import Basics

/// The buckets' way between the ranks: steps b to e of `Reducer`.
final class BucketTraffic {
    /// Seconds in the optimizer.
    private(set) var updateSeconds = 0.0
    /// Seconds in which messages were under way.
    private(set) var activeSeconds = 0.0
    /// Bytes this rank gave to MPI for other ranks.
    private(set) var bytesSent = 0
    /// Is told of every bucket in runs that are traced.
    var trace: ReductionTrace?

    private let rank: Int
    private let partition: ShardPartition
    private let buckets: BucketPlan
    private let mode: Reducer.Mode
    private let exchangeCommunicator: Communicator
    private let shareCommunicator: Communicator
    private let shareLayouts: [RankLayout]
    private let parameters: AlignedBuffer<Float>
    private let gradientLevels: [AlignedBuffer<Float>]
    private let update: Reducer.Update

    private let receiveBuffer: AlignedBuffer<Float>
    private let receiveOffsets: [Int]
    /// Partial sums as they travel, where they are rounded.
    private let packed: [AlignedBuffer<UInt16>]
    /// The owner's stack of partial sums: where each lies, or, where they are rounded, a block of each.
    private let stack: UnsafeMutablePointer<UnsafeMutablePointer<Float>>
    private let blocks: AlignedBuffer<Float>
    private static let blockCount = 1024

    private var schedule: ReductionSchedule
    /// Places 0..<buckets*exchangesPerBucket hold exchanges, one more a bucket its sharing.
    private let requests: RequestSet
    private let exchangesPerBucket: Int
    /// Exchanges under way, by bucket.
    private var missing: [Int]
    private(set) var started = 0
    private(set) var updated = 0
    /// By `BootClock`.
    private var activeSince: UInt64?

    /// Collective.
    init(
        _ communicator: Communicator, _ partition: ShardPartition, _ buckets: BucketPlan, _ mode: Reducer.Mode,
        parameters: AlignedBuffer<Float>, gradientLevels: [AlignedBuffer<Float>], _ schedule: ReductionSchedule,
        _ update: @escaping Reducer.Update
    ) throws {
        rank = communicator.rank
        self.partition = partition
        self.buckets = buckets
        self.mode = mode
        self.parameters = parameters
        self.gradientLevels = gradientLevels
        self.schedule = schedule
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
        let total = partials.reduce(0, +)
        let remote = mode == .tree ? total - partials[communicator.rank] : 0
        var size = 0
        var offsets: [Int] = []
        for bucket in 0..<bucketCount {
            offsets.append(size)
            size += remote * buckets.slice(bucket, of: communicator.rank).count
        }
        receiveOffsets = offsets
        receiveBuffer = AlignedBuffer(count: size)
        let packs = buckets.roundedCount > 0 && partition.ranks > 1
        packed = (0..<(packs ? partials[communicator.rank] : 0)).map { _ in AlignedBuffer(count: buckets.roundedCount) }
        blocks = AlignedBuffer(count: packs ? total * Self.blockCount : 0)
        stack = .allocate(capacity: total)
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
        let users: [AnyObject] = [parameters, receiveBuffer, schedule] + gradientLevels + packed + shareLayouts
        for user in users { _ = Unmanaged.passRetained(user) }
    }

    var isIdle: Bool { requests.inFlight == 0 }

    func begin(_ schedule: ReductionSchedule) {
        self.schedule = schedule
        started = 0
        updated = 0
    }

    /// Sends off the buckets before `ready` that have not been, moves on what is under way, and sums and updates what
    /// has arrived.
    func advance(to ready: Int) throws {
        while started < ready {
            try startExchange(of: started)
            started += 1
        }
        note(try requests.testSome())
        try updateArrived()
    }

    /// Waits until something has moved on. Returns the seconds it waited.
    func wait() throws -> Double {
        let (start, missing) = (BootClock.now, requests.inFlight)
        let completed = try requests.waitSome()
        let seconds = BootClock.seconds(since: start)
        trace?.waited(missing: missing, from: start)
        note(completed)
        try updateArrived()
        return seconds
    }

    func share(_ arena: AlignedBuffer<Float>) throws {
        for bucket in buckets.buckets.indices { try startSharing(arena, bucket) }
        try requests.waitAll()
        activeSince = nil
    }

    // MARK: The steps of the protocol

    /// Step b.
    private func startExchange(of bucket: Int) throws {
        missing[bucket] = 0
        if partition.ranks == 1 { return }
        trace?.messageStarted(.gradients, bucket: bucket)
        if mode == .allReduce { return try startAllReduce(of: bucket) }
        let range = buckets.buckets[bucket]
        let receive = receiveBuffer.baseAddress + receiveOffsets[bucket]
        if buckets.isRounded(bucket) {
            for level in 0..<schedule.ownPartials {
                WireRounding.pack(
                    gradientLevels[level].baseAddress + range.lowerBound,
                    into: packed[level].baseAddress + range.lowerBound, count: range.count)
            }
            // With nothing to send any arena will do.
            try startExchange(
                of: bucket, receive: UnsafeMutableRawPointer(receive).assumingMemoryBound(to: UInt16.self)
            ) { packed[$0 < schedule.ownPartials ? $0 : 0].baseAddress + range.lowerBound }
        } else {
            try startExchange(of: bucket, receive: receive) {
                gradientLevels[$0 < schedule.ownPartials ? $0 : 0].baseAddress + range.lowerBound
            }
        }
    }

    /// `send`: where the bucket lies in the arena of a partial sum.
    private func startExchange<T: MessageElement>(
        of bucket: Int, receive: UnsafeMutablePointer<T>, from send: (_ level: Int) -> UnsafeMutablePointer<T>
    ) throws {
        for level in 0..<schedule.exchanges {
            let layout = schedule.sendLayout(bucket: bucket, level: level)
            let request = try exchangeCommunicator.startAllToAllV(
                send: send(level), layout, receive: receive, schedule.receiveLayout(bucket: bucket, level: level))
            insert(request, at: bucket * exchangesPerBucket + level)
            missing[bucket] += 1
            bytesSent += layout.total * MemoryLayout<T>.stride
        }
    }

    private func startAllReduce(of bucket: Int) throws {
        let range = buckets.buckets[bucket]
        let sum = gradientLevels[0].baseAddress + range.lowerBound
        if schedule.ownPartials == 0 { sum.update(repeating: 0, count: range.count) }
        for level in 1..<max(1, schedule.ownPartials) {
            add(gradientLevels[level].baseAddress + range.lowerBound, into: sum, count: range.count)
        }
        let request = try exchangeCommunicator.startAllReduceSum(
            inPlace: UnsafeMutableBufferPointer(start: sum, count: range.count))
        insert(request, at: bucket * exchangesPerBucket)
        missing[bucket] = 1
        bytesSent += range.count * MemoryLayout<Float>.stride
    }

    private func insert(_ request: Request, at place: Int) {
        if requests.inFlight == 0 { activeSince = BootClock.now }
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
        if requests.inFlight == 0, let start = activeSince {
            activeSeconds += BootClock.seconds(since: start)
            activeSince = nil
        }
    }

    /// Steps c, d and e for all buckets whose partial sums have arrived, in order.
    private func updateArrived() throws {
        while updated < started, missing[updated] == 0 {
            let bucket = updated
            let owned = mode == .tree ? buckets.slice(bucket, of: rank) : buckets.buckets[bucket]
            if !owned.isEmpty {
                let sum = sum(of: bucket, owned)
                let start = BootClock.now
                try update(owned, sum)
                updateSeconds += BootClock.seconds(since: start)
                trace?.updated(bucket: bucket, from: start)
            }
            if mode == .tree, partition.ranks > 1 {
                trace?.messageStarted(.weights, bucket: bucket)
                try startSharing(parameters, bucket)
            }
            updated += 1
        }
    }

    /// Step c: returns where the sum lies.
    private func sum(of bucket: Int, _ slice: Range<Int>) -> UnsafeMutablePointer<Float> {
        let local = gradientLevels[0].baseAddress + slice.lowerBound
        if mode == .allReduce || partition.ranks == 1 { return local }
        let received = receiveBuffer.baseAddress + receiveOffsets[bucket]
        if buckets.isRounded(bucket) {
            sumRounded(UnsafeMutableRawPointer(received).assumingMemoryBound(to: UInt16.self), slice, into: local)
            return local
        }
        var height = 0
        for partial in schedule.partials {
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

    /// Step c of rounded partial sums, block by block, so that what is unpacked stays in cache.
    private func sumRounded(
        _ received: UnsafePointer<UInt16>, _ slice: Range<Int>, into sum: UnsafeMutablePointer<Float>
    ) {
        for start in stride(from: 0, to: slice.count, by: Self.blockCount) {
            let count = min(Self.blockCount, slice.count - start)
            var top = blocks.baseAddress - Self.blockCount
            for (index, partial) in schedule.partials.enumerated() {
                let words =
                    partial.place.map { received + $0 * slice.count }
                    ?? UnsafePointer(packed[partial.level].baseAddress + slice.lowerBound)
                top += Self.blockCount
                WireRounding.unpack(words + start, into: top, count: count)
                let isLast = index == schedule.partials.count - 1
                for addition in 0..<partial.additions {
                    WireRounding.add(
                        top, into: top - Self.blockCount, count: count,
                        root: schedule.endsInRoot && isLast && addition == partial.additions - 1)
                    top -= Self.blockCount
                }
            }
            (sum + start).update(from: top, count: count)
        }
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
func add(_ right: UnsafePointer<Float>, into left: UnsafeMutablePointer<Float>, count: Int) {
    for i in 0..<count { left[i] += right[i] }
}
