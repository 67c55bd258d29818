import Basics
import Execution

/// Sums the shards' gradients over all ranks, has the weights updated, and shares them, while the backward pass still
/// runs.
///
/// For each bucket, in the order in which the backward pass makes buckets ready:
/// a) Every rank adds its shards' gradients, level into level, until one partial sum is left for each of its subtrees.
/// b) The exchange sends the partial sums off.
/// c) When those of all ranks have arrived, the exchange adds the slice that this rank owns.
/// d) The optimizer updates the owned slice of the parameter arena, at once or when the gate opens.
/// e) The exchange shares the new weights.
///
/// Without a gate a bucket's weights change as soon as its sums have arrived. The backward pass of the rank's last shard
/// must not read them after that. So a layer must report its gradients ready only after it has computed its input's
/// gradient. A step allocates nothing, except the program of a batch size seen for the first time.
public final class Reducer {
    /// Updates the parameters of an arena range, given the summed gradient's first element for that range.
    public typealias Update = (_ range: Range<Int>, _ gradient: UnsafeMutablePointer<Float>) throws -> Void

    /// Whether messages move on while the backward pass runs. The bits are the same.
    ///
    /// A separate thread for messages was measured too. It never hid more (docs/scaling.md), since it shares the rank's
    /// core.
    public enum Overlap: String, Sendable, CaseIterable {
        /// The computing thread moves them on between its operations.
        case progress
        /// Buckets leave when the backward pass has ended.
        case none
    }

    public let partition: ShardPartition
    public let buckets: BucketPlan

    /// Spent in `finish`: communication that nothing hid.
    public private(set) var waits = ReductionWaits()
    /// Seconds spent in the optimizer.
    public private(set) var updateSeconds = 0.0
    /// Seconds in which messages were under way, hidden or not.
    public var activeSeconds: Double { exchange.activeSeconds }
    /// Bytes this rank gave to MPI for other ranks.
    public var bytesSent: Int { exchange.bytesSent }
    /// Is told of every bucket in runs that are traced.
    public var trace: ReductionTrace? {
        get { exchange.trace }
        set { exchange.trace = newValue }
    }

    private let rank: Int
    private let overlap: Overlap
    private let exchange: any GradientExchange
    private let gradientLevels: [UnsafeMutablePointer<Float>]
    private let isLayerByLayer: Bool
    private let owned: [Range<Int>]
    private let gate: (any UpdateGate)?
    private let update: Update
    /// One program a number of non-empty shards.
    private var programs: [ShardProgram?]
    private var current: ShardProgram
    /// Buckets that are complete on this rank, have been started, are summed, and are updated.
    private var (ready, started, summed, updated) = (0, 0, 0, 0)
    /// Where the sum of each bucket's owned slice lies.
    private var sums: [UnsafeMutablePointer<Float>?]

    /// `exchange` was made by `plan`.
    public init(
        _ plan: ExchangePlan, _ exchange: any GradientExchange, overlap: Overlap = .progress,
        gate: (any UpdateGate)? = nil, update: @escaping Update
    ) {
        (rank, partition, buckets) = (plan.rank, plan.partition, plan.buckets)
        owned = plan.ownership.ranges
        self.exchange = exchange
        gradientLevels = exchange.arenas.gradientLevels.map(\.baseAddress)
        isLayerByLayer = plan.isLayerByLayer
        self.overlap = overlap
        self.gate = gate
        self.update = update
        current = ShardProgram(partition, rank: rank, present: partition.shards)
        programs = Array(repeating: nil, count: partition.shards) + [current]
        sums = Array(repeating: nil, count: buckets.buckets.count)
    }

    // MARK: One step, as the trainer drives it

    /// Begins a step on `batch` samples over all ranks. Every rank calls it, with the same number.
    public func begin(batch: Int) throws {
        precondition(batch > 0, "a step needs a sample")
        precondition(started == updated && exchange.isIdle, "the last step has not been finished")
        let present = min(batch, partition.shards)
        current = programs[present] ?? ShardProgram(partition, rank: rank, present: present)
        programs[present] = current
        (ready, started, summed, updated) = (0, 0, 0, 0)
        try exchange.begin(current)
    }

    /// The rank's non-empty shards in this step. May be empty: the rank then only calls `finish`.
    public var shards: Range<Int> { current.shards }

    /// How their gradients are added.
    package var shardSums: ShardSums { current.sums }

    /// The gradient arena that the gradient of `shard`, one of `shards`, is computed into.
    public func level(ofShard shard: Int) -> Int { current.sums.levels[shard - current.shards.lowerBound] }

    /// Says that the gradient of `shard`, any but the last of `shards`, is complete in `range` of its arena.
    public func shardFinished(_ shard: Int, range: Range<Int>) {
        precondition(shard != current.shards.upperBound - 1, "the last shard reports by gradientsReady")
        addLevels(after: shard, range) { gradientLevels[$0] }
    }

    /// The same for any shard if shards go layer by layer. `level` gives where the arena of a level begins, or would.
    package func shardFinished(
        _ shard: Int, range: Range<Int>, level: (Int) -> UnsafeMutablePointer<Float>
    ) {
        precondition(isLayerByLayer, "gradients of the last shard are added when their buckets are complete")
        addLevels(after: shard, range, level)
    }

    /// Says that the gradient of the last of `shards` is complete below `offset`, and sends the buckets that are now
    /// complete.
    public func gradientsReady(upTo offset: Int) throws {
        while ready < buckets.buckets.count, buckets.buckets[ready].upperBound <= offset {
            if !isLayerByLayer, let last = current.shards.last {
                addLevels(after: last, buckets.buckets[ready]) { gradientLevels[$0] }
            }
            ready += 1
        }
        try progress()
    }

    /// Moves messages on, and sums and updates the buckets that have arrived. Called between the operations of the
    /// backward pass: it is cheap if nothing has arrived.
    public func progress() throws {
        if overlap == .progress { try advance() }
    }

    /// Ends the step: returns when all parameters of this rank are new, or when the gate has said that they stay.
    public func finish() throws {
        try gradientsReady(upTo: buckets.count)
        try advance()
        while summed < buckets.buckets.count { try wait() }
        if let gate {
            if try gate.open() { try updateSummed() } else { updated = summed }
        }
        while !exchange.isIdle { try wait() }
    }

    // MARK: The steps of a bucket

    private func advance() throws {
        while started < ready {
            try exchange.start(started)
            started += 1
        }
        try exchange.progress()
        try sumArrived()
    }

    private func wait() throws {
        let start = BootClock.now
        let cause = try exchange.wait()
        waits[cause] += BootClock.seconds(since: start)
        try sumArrived()
    }

    /// Step a: the additions that are due once `shard` is complete in `range`.
    private func addLevels(
        after shard: Int, _ range: Range<Int>, _ level: (Int) -> UnsafeMutablePointer<Float>
    ) {
        let roundedRange = range.clamped(to: 0..<buckets.roundedCount)
        let exactRange = range.clamped(to: buckets.roundedCount..<buckets.count)
        let index = shard - current.shards.lowerBound
        let additions = current.sums.additions[index]
        var top = current.sums.levels[index]
        for addition in 0..<additions {
            let (right, left) = (level(top), level(top - 1))
            if !roundedRange.isEmpty {
                let start = roundedRange.lowerBound
                // With several ranks the root is added by the owners of slices.
                let isLast = partition.ranks == 1 && shard == current.shards.last
                WireRounding.add(
                    right + start, into: left + start, count: roundedRange.count,
                    root: isLast && current.endsInRoot && addition == additions - 1)
            }
            add(right + exactRange.lowerBound, into: left + exactRange.lowerBound, count: exactRange.count)
            top -= 1
        }
        // Sums round what they read, and packing rounds what it sends. Only a single shard that stays here is rounded by
        // neither.
        if partition.ranks == 1, current.shards.count == 1 {
            WireRounding.round(level(top) + roundedRange.lowerBound, count: roundedRange.count)
        }
    }

    /// Step c for all buckets whose partial sums have arrived, in order; steps d and e too, unless a gate holds them back.
    private func sumArrived() throws {
        while summed < started, exchange.hasArrived(summed) {
            if !owned[summed].isEmpty {
                let sum = exchange.sum(summed)
                sums[summed] = sum
                gate?.look(at: owned[summed], sum)
            }
            summed += 1
            if gate == nil { try updateSummed() }
        }
    }

    /// Steps d and e for all buckets that are summed.
    private func updateSummed() throws {
        while updated < summed {
            if let sum = sums[updated] {
                let start = BootClock.now
                try update(owned[updated], sum)
                updateSeconds += BootClock.seconds(since: start)
                trace?.updated(bucket: updated, from: start)
            }
            try exchange.share(updated)
            updated += 1
        }
    }
}
