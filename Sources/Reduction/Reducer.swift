import MessagePassing
import Basics

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
/// Where the bucket plan says that gradients are rounded, every shard's gradient and every sum below the root of the
/// tree is rounded to bf16, whether it travels or not, so that the bits are the same for every rank count; what travels
/// in (b) is half as long. The root and the weights stay in single precision.
///
/// A bucket's weights change as soon as its sums have arrived. The backward pass of the rank's last shard must not read
/// them any more by then, which holds if a layer reports its gradients ready after its backward data. A step allocates
/// nothing, except the schedule of a batch size seen for the first time.
public final class Reducer {
    /// Updates the parameters of an arena range, given the summed gradient's first element for that range.
    public typealias Update = (_ range: Range<Int>, _ gradient: UnsafeMutablePointer<Float>) throws -> Void

    public enum Mode: String, Sendable, CaseIterable {
        case tree
        case allReduce = "allreduce"
    }

    /// Whether messages move on while the backward pass runs. The bits are the same.
    ///
    /// A thread of its own for messages was measured, too, and never hid more (docs/scaling.md): it shares the rank's
    /// core.
    public enum Overlap: String, Sendable, CaseIterable {
        /// The computing thread moves them on between its operations.
        case progress
        /// Buckets leave when the backward pass has ended.
        case none
    }

    public let partition: ShardPartition
    public let buckets: BucketPlan
    public let mode: Mode

    /// Seconds spent in `finish` waiting for messages: communication that nothing hid.
    public private(set) var exposedSeconds = 0.0
    /// Seconds spent in the optimizer.
    public var updateSeconds: Double { traffic.updateSeconds }
    /// Seconds in which messages were under way, hidden or not.
    public var activeSeconds: Double { traffic.activeSeconds }
    /// Bytes this rank gave to MPI for other ranks.
    public var bytesSent: Int { traffic.bytesSent }
    /// Is told of every bucket in runs that are traced.
    public var trace: ReductionTrace? {
        get { traffic.trace }
        set { traffic.trace = newValue }
    }

    private let rank: Int
    private let overlap: Overlap
    private let gradientLevels: [AlignedBuffer<Float>]
    private let traffic: BucketTraffic
    /// One schedule a number of non-empty shards.
    private var schedules: [ReductionSchedule?]
    private var current: ReductionSchedule
    private var bucketsReady = 0

    /// The gradient arenas that `rank` needs.
    public static func levelCount(partition: ShardPartition, rank: Int) -> Int {
        let levels = ReductionSchedule.program(of: rank, partition, present: partition.shards).levels
        return (levels.max() ?? 0) + 1
    }

    /// Collective. The gradient arenas, as many as `levelCount` says, have `buckets.count` elements each; frozen weights may
    /// follow behind these in the parameter arena.
    public init(
        communicator: Communicator, partition: ShardPartition, buckets: BucketPlan, parameters: AlignedBuffer<Float>,
        gradientLevels: [AlignedBuffer<Float>], mode: Mode = .tree, overlap: Overlap = .progress,
        update: @escaping Update
    ) throws {
        precondition(partition.ranks == communicator.size && buckets.ranks == communicator.size, "plans of other ranks")
        precondition(gradientLevels.count >= Self.levelCount(partition: partition, rank: communicator.rank))
        precondition(
            gradientLevels.allSatisfy { $0.count == buckets.count } && parameters.count >= buckets.count,
            "arenas of other sizes")
        precondition(mode == .tree || buckets.roundedCount == 0, "MPI does not add what is rounded")
        rank = communicator.rank
        self.partition = partition
        self.buckets = buckets
        self.gradientLevels = gradientLevels
        self.mode = mode
        self.overlap = overlap
        current = try ReductionSchedule(
            partition: partition, rank: communicator.rank, present: partition.shards, buckets: buckets)
        schedules = Array(repeating: nil, count: partition.shards) + [current]
        traffic = try BucketTraffic(
            communicator, partition, buckets, mode, parameters: parameters, gradientLevels: gradientLevels, current,
            update)
    }

    // MARK: One step, as the trainer drives it

    /// Begins a step on `batch` samples in all. Collective in effect: all ranks give the same number.
    public func begin(batch: Int) throws {
        precondition(batch > 0, "a step needs a sample")
        precondition(traffic.started == traffic.updated && traffic.isIdle, "the last step has not been finished")
        let present = min(batch, partition.shards)
        let schedule =
            try schedules[present]
            ?? ReductionSchedule(partition: partition, rank: rank, present: present, buckets: buckets)
        schedules[present] = schedule
        current = schedule
        bucketsReady = 0
        traffic.begin(schedule)
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
        while bucketsReady < buckets.buckets.count, buckets.buckets[bucketsReady].upperBound <= offset {
            if let last = current.shards.last { addLevels(after: last, buckets.buckets[bucketsReady]) }
            bucketsReady += 1
        }
        try progress()
    }

    /// Moves messages on, and sums and updates what has arrived. Cheap where nothing has: to be called between the
    /// operations of the backward pass.
    public func progress() throws {
        if overlap == .progress { try traffic.advance(to: bucketsReady) }
    }

    /// Ends the step: returns when all parameters of this rank are new.
    public func finish() throws {
        try gradientsReady(upTo: buckets.count)
        try traffic.advance(to: bucketsReady)
        while !traffic.isIdle { exposedSeconds += try traffic.wait() }
    }

    /// The parts of the arena that this rank updates, ascending: its slices, or everything in `allReduce` mode.
    public var ownedRanges: [Range<Int>] {
        mode == .tree ? buckets.buckets.indices.map { buckets.slice($0, of: rank) } : buckets.buckets
    }

    /// Completes an arena of which every rank has written its `ownedRanges` only, such as an optimizer's slots before a
    /// checkpoint. Collective; between steps.
    public func share(_ arena: AlignedBuffer<Float>) throws {
        precondition(arena.count == buckets.count && traffic.isIdle, "an arena like the others, between steps")
        if mode == .tree, partition.ranks > 1 { try traffic.share(arena) }
    }

    /// Step a: the additions that are due once `shard` is complete in `range`.
    private func addLevels(after shard: Int, _ range: Range<Int>) {
        let roundedRange = range.clamped(to: 0..<buckets.roundedCount)
        let exactRange = range.clamped(to: buckets.roundedCount..<buckets.count)
        let index = shard - current.shards.lowerBound
        var top = current.levels[index]
        for addition in 0..<current.additions[index] {
            let (right, left) = (gradientLevels[top].baseAddress, gradientLevels[top - 1].baseAddress)
            if !roundedRange.isEmpty {
                let start = roundedRange.lowerBound
                // With several ranks the root is added by the owners of slices.
                let isLast = partition.ranks == 1 && shard == current.shards.last
                WireRounding.add(
                    right + start, into: left + start, count: roundedRange.count,
                    root: isLast && current.endsInRoot && addition == current.additions[index] - 1)
            }
            add(right + exactRange.lowerBound, into: left + exactRange.lowerBound, count: exactRange.count)
            top -= 1
        }
        // Sums round what they read and packing what it sends; only a single shard that stays here meets neither.
        if partition.ranks == 1, current.shards.count == 1 {
            WireRounding.round(gradientLevels[top].baseAddress + roundedRange.lowerBound, count: roundedRange.count)
        }
    }
}
