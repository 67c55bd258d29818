import Basics
import Execution
import MessagePassing

/// As `TreeExchange`, with the same bits, for ranks that share the memory of their node.
///
/// Gradient levels and the one arena of parameters of a node lie in memory that its ranks share. A rank says in a counter how
/// many buckets it has completed. The rank that has a column of a bucket (`NodeSlices`) waits for the counters of its node, and
/// adds the node's partial sums along the tree where they lie. On one node that is the sum: the rank updates the weights where
/// all ranks read them, and says so in another counter. Nothing is copied or sent.
///
/// Between nodes, the ranks at the same place exchange their columns: `MPI_Ialltoallv` sends each node its slice of the node's
/// partial sums, the owner adds those of all nodes, and `MPI_Iallgatherv` shares the new weights, straight into the nodes'
/// arenas.
///
/// No weight is written before every rank of the node has passed its last kernel that reads it, since a rank completes a bucket
/// after that kernel. No rank begins the next step before the weights of all buckets are there.
public final class NodeTreeExchange: GradientExchange {
    public static var caveat: String? { nil }
    public static var addsRounded: Bool { true }

    public static func slice(_ bucket: Int, of rank: Int, _ buckets: BucketPlan, _ nodes: NodeMap) -> Range<Int> {
        NodeSlices(buckets: buckets, nodes: nodes).slice(bucket, of: rank)
    }

    /// The arena of parameters counts as the first rank's of each node.
    public static func memory(_ plan: ExchangePlan) -> ExchangeMemory {
        var memory = ExchangeMemory(plan, messages: room(plan).bytes)
        if plan.rank != plan.nodes.neighbours(of: plan.rank)[0] { memory.parameters = 0 }
        return memory
    }

    /// In seconds, where messages from other nodes may end a wait: they are to be looked for.
    private static let napBetweenMessages = 1e-4

    private enum Counter {
        static let completed = 0
        static let shared = 1
        static let count = 2
    }

    public let arenas: Arenas
    private let rank: Int
    private let partition: ShardPartition
    private let slices: NodeSlices
    private let place: Int
    /// Whether this rank has a column, which it exchanges with other nodes.
    private let sends: Bool
    private let node: Communicator
    private let counters: SharedCounters
    /// Each rank's levels, by place.
    private let levels: [UnsafeMutablePointer<Float>]
    private let gradients: SharedWindow<Float>

    /// The ranks at the same place of other nodes.
    private let weightColumn: Communicator
    private let weightLayouts: [RankLayout]
    private let messages: BucketMessages
    private let transfer: PartialTransfer
    private let stack: PartialStack

    /// One schedule a number of non-empty shards.
    private var schedules: [NodeTreeSchedule?]
    private var schedule: NodeTreeSchedule
    private var program: ShardProgram

    /// Buckets of all steps before this one, of those that were completed and of those that were shared.
    private var (completedBefore, sharedBefore): (UInt64, UInt64) = (0, 0)
    /// Buckets of this step: completed by this rank, sent to other nodes, shared by this rank.
    private var (completed, sent, shared) = (0, 0, 0)
    /// What the counters of the node were when they were last looked at.
    private var (completedByAll, sharedByAll): (UInt64, UInt64) = (0, 0)
    private var activeSince: UInt64?
    private var secondsWithinNode = 0.0

    public init(_ plan: ExchangePlan, _ communicator: Communicator) throws {
        (rank, partition) = (plan.rank, plan.partition)
        let slices = NodeSlices(buckets: plan.buckets, nodes: plan.nodes)
        self.slices = slices
        sends = slices.sends(plan.rank)
        let place = slices.place(of: plan.rank)
        self.place = place
        node = try communicator.split(by: plan.nodes.node(of: plan.rank))
        let count = plan.buckets.count
        let parameters = try SharedWindow<Float>(count: place == 0 ? plan.parameterCount : 0, node)
        let gradients = try SharedWindow<Float>(count: plan.levels * count, node)
        self.gradients = gradients
        counters = try SharedCounters(count: Counter.count, node)
        levels = gradients.parts.compactMap(\.baseAddress)
        guard let weights = parameters.parts[0].baseAddress, levels.count == node.size else {
            throw MessagePassingError(
                rank: plan.rank, operation: "sharing memory", reason: "a rank of the node gave none",
                remedy: "start dptrain with --node-exchange messages")
        }
        let own = levels[place]
        arenas = Arenas(
            parameters: AlignedBuffer(count: plan.parameterCount, at: weights, of: parameters),
            gradientLevels: (0..<plan.levels).map { AlignedBuffer(count: count, at: own + $0 * count, of: gradients) })
        let column = try communicator.split(by: min(place, slices.columns))
        weightColumn = try column.duplicate()
        weightLayouts = try plan.buckets.buckets.indices.map { bucket in
            try RankLayout(
                counts: plan.nodes.nodes.map { place < slices.columns ? slices.slice(bucket, of: $0[place]).count : 0 })
        }
        let room = Self.room(plan)
        stack = PartialStack(capacity: partition.shards)
        let messages = BucketMessages(
            buckets: plan.buckets.buckets.count, gradientMessages: room.most, communicator)
        self.messages = messages
        transfer = PartialTransfer(room, plan.buckets, column, messages)
        program = ShardProgram(partition, rank: rank, present: partition.shards)
        schedule = try NodeTreeSchedule(partition, rank: rank, present: partition.shards, slices)
        schedules = Array(repeating: nil, count: partition.shards) + [schedule]
        messages.use([arenas.parameters, schedule.transfer] + arenas.gradientLevels + weightLayouts)
    }

    private var buckets: BucketPlan { slices.buckets }
    private var isOneNode: Bool { slices.nodes.nodes.count == 1 }

    public func begin(_ program: ShardProgram) throws {
        self.program = program
        completedBefore += UInt64(completed)
        sharedBefore += UInt64(shared)
        (completed, sent, shared) = (0, 0, 0)
        if let known = schedules[program.present] {
            schedule = known
            return
        }
        schedule = try NodeTreeSchedule(partition, rank: rank, present: program.present, slices)
        schedules[program.present] = schedule
        messages.use([schedule.transfer])
    }

    public func start(_ bucket: Int) throws {
        if isOneNode {
            trace?.messageStarted(.gradients, bucket: bucket)
            if activeSince == nil { activeSince = BootClock.now }
        }
        completed = bucket + 1
        counters.raise(Counter.completed, to: completedBefore + UInt64(completed))
    }

    public func progress() throws {
        if isOneNode { return }
        look()
        while sends, sent < completed, isCompletedByNode(sent) { try send() }
        try messages.progress()
        sayWhatIsShared()
    }

    public func wait() throws -> WaitCause {
        let cause = self.cause
        let before = (completedByAll, sharedByAll, sent, messages.inFlight)
        let start = BootClock.now
        try node.watch.during(.waiting) {
            try counters.wait(nap: isOneNode ? SharedCounters.longestNap : Self.napBetweenMessages) {
                look()
                try progress()
                return before != (completedByAll, sharedByAll, sent, messages.inFlight)
            }
        }
        trace?.waited(cause, missing: completed - shared, from: start)
        return cause
    }

    /// What the rank lacked when it last looked.
    private var cause: WaitCause {
        if completedByAll < completedBefore + UInt64(completed) { return .slowerRanks }
        return messages.isIdle ? .withinNode : .betweenNodes
    }

    public func hasArrived(_ bucket: Int) -> Bool {
        if sends { return bucket < sent && messages.hasArrived(bucket) }
        if !isCompletedByNode(bucket) { look() }
        return isCompletedByNode(bucket)
    }

    /// Adds what the node's ranks have where it lies, in the memory of the first partial sum.
    public func sum(_ bucket: Int) -> UnsafeMutablePointer<Float> {
        let slice = slices.slice(bucket, of: rank)
        guard sends else {
            addWithinNode(bucket, slice)
            return firstMember(of: 0) + slice.lowerBound
        }
        return transfer.sum(
            bucket, slice, schedule.transfer, endsInRoot: program.endsInRoot,
            own: arenas.gradientLevels[0].baseAddress, arena: firstMember)
    }

    public func share(_ bucket: Int) throws {
        shared = bucket + 1
        if isOneNode { trace?.messageStarted(.weights, bucket: bucket) }
        if sends {
            messages.begin(.weights, bucket)
            let column = slices.column(bucket, place)
            let request = try weightColumn.startAllGatherV(
                inPlace: arenas.parameters.baseAddress + column.lowerBound, weightLayouts[bucket])
            let others = slices.nodes.nodes.count - 1
            let bytes = slices.slice(bucket, of: rank).count * others * MemoryLayout<Float>.stride
            messages.addWeights(request, bucket, bytes: bytes)
        }
        sayWhatIsShared()
    }

    public var isIdle: Bool {
        if sharedByAll < sharedBefore + UInt64(shared) { look() }
        return messages.isIdle && sharedByAll >= sharedBefore + UInt64(shared)
    }

    public var activeSeconds: Double { messages.activeSeconds + secondsWithinNode }
    public var bytesSent: Int { messages.bytesSent }
    public var trace: ReductionTrace? {
        get { messages.trace }
        set { messages.trace = newValue }
    }

    // MARK: Within the node

    private func isCompletedByNode(_ bucket: Int) -> Bool { completedByAll > completedBefore + UInt64(bucket) }

    /// Looks at the counters of the node.
    private func look() {
        let before = (completedByAll, sharedByAll)
        completedByAll = counters.least(Counter.completed)
        sharedByAll = counters.least(Counter.shared)
        guard isOneNode, before != (completedByAll, sharedByAll) else { return }
        if let trace {
            for bucket in Self.buckets(from: before.0, to: completedByAll, before: completedBefore) {
                trace.messageEnded(.gradients, bucket: bucket)
            }
            for bucket in Self.buckets(from: before.1, to: sharedByAll, before: sharedBefore) {
                trace.messageEnded(.weights, bucket: bucket)
            }
        }
        if let start = activeSince, completedByAll == completedBefore + UInt64(completed),
            sharedByAll == sharedBefore + UInt64(completed)
        {
            secondsWithinNode += BootClock.seconds(since: start)
            activeSince = nil
        }
    }

    /// The buckets of this step that a counter has passed.
    private static func buckets(from: UInt64, to: UInt64, before: UInt64) -> Range<Int> {
        let first = max(from, before) - before
        return Int(first)..<Int(max(max(to, before) - before, first))
    }

    /// The node has the new weights of all buckets that this rank has shared and that have come from other nodes.
    private func sayWhatIsShared() {
        if messages.isIdle || !sends { counters.raise(Counter.shared, to: sharedBefore + UInt64(shared)) }
    }

    /// Where the sum of a subtree of the node is made: in the level of its first member.
    private func firstMember(of subtree: Int) -> UnsafeMutablePointer<Float> {
        address(of: schedule.subtrees[subtree][0], 0)
    }

    private func address(of member: NodeTreeSchedule.Member, _ element: Int) -> UnsafeMutablePointer<Float> {
        levels[member.place] + member.level * buckets.count + element
    }

    /// Adds the node's partial sums in `range`, block by block, so that what is added stays in cache.
    private func addWithinNode(_ bucket: Int, _ range: Range<Int>) {
        let isRounded = buckets.isRounded(bucket)
        for members in schedule.subtrees {
            let additions = members.reduce(0) { $0 + $1.additions }
            if isRounded, additions == 0 {
                WireRounding.round(address(of: members[0], range.lowerBound), count: range.count)
            }
            for start in stride(from: range.lowerBound, to: range.upperBound, by: Self.block) {
                let count = min(Self.block, range.upperBound - start)
                var missing = additions
                _ = stack.add(members, additions: { $0.additions }) {
                    address(of: $0, start)
                } add: { sum, value in
                    missing -= 1
                    if isRounded {
                        let isRoot = isOneNode && program.endsInRoot && missing == 0
                        WireRounding.add(value, into: sum, count: count, root: isRoot)
                    } else {
                        Reduction.add(value, into: sum, count: count)
                    }
                }
            }
        }
    }

    private static let block = 4096

    // MARK: Between nodes

    /// Adds the column of the next bucket over the node, and sends it.
    private func send() throws {
        let bucket = sent
        sent += 1
        let column = slices.column(bucket, place)
        addWithinNode(bucket, column)
        let sums = schedule.subtrees.count
        try transfer.start(bucket, column, schedule.transfer, partials: sums) {
            sums > 0 ? firstMember(of: $0) : arenas.gradientLevels[0].baseAddress
        }
    }

    private static func room(_ plan: ExchangePlan) -> PartialTransfer.Room {
        let (partition, nodes) = (plan.partition, plan.nodes)
        let slices = NodeSlices(buckets: plan.buckets, nodes: nodes)
        return PartialTransfer.Room(
            partials: nodes.nodes.indices.map {
                NodeTreeSchedule.subtrees(of: $0, nodes, partition, present: partition.shards).count
            },
            partner: nodes.node(of: plan.rank),
            owned: plan.buckets.buckets.indices.map { slices.slice($0, of: plan.rank) },
            roundedCount: slices.sends(plan.rank) ? plan.buckets.roundedCount : 0)
    }
}
