import MessagePassing

/// What a rank waits for in a reduction.
public enum WaitCause: Int, Sendable, CaseIterable {
    /// The backward pass of another rank of the node.
    case slowerRanks
    /// Sums and weights of the node's other ranks.
    case withinNode
    /// Messages of other nodes.
    case betweenNodes
}

/// Seconds in which a rank waited for the reduction, since nothing else was left to do, by what it waited for.
///
/// A rank sees what its node lacks. It cannot tell a message that takes long from one whose sender computes longer. But the rank that
/// computes longest waits for messages only: what others wait beyond that, they wait for it (`knowing`).
public struct ReductionWaits: Sendable, Equatable {
    private var seconds = SIMD4<Double>()

    public init(slowerRanks: Double = 0, withinNode: Double = 0, betweenNodes: Double = 0) {
        (self[.slowerRanks], self[.withinNode], self[.betweenNodes]) = (slowerRanks, withinNode, betweenNodes)
    }

    public subscript(cause: WaitCause) -> Double {
        get { seconds[cause.rawValue] }
        set { seconds[cause.rawValue] = newValue }
    }

    public var total: Double { seconds.sum() }

    /// For sums, weights and messages, as far as this rank can tell.
    package var forCommunication: Double { self[.withinNode] + self[.betweenNodes] }

    /// The same time, of which no more went into communication than the rank that waited least waited for it.
    package func knowing(leastForCommunication least: Double) -> ReductionWaits {
        let own = forCommunication
        guard own > least else { return self }
        return ReductionWaits(
            slowerRanks: self[.slowerRanks] + own - least, withinNode: self[.withinNode] * least / own,
            betweenNodes: self[.betweenNodes] * least / own)
    }

    public static func + (left: ReductionWaits, right: ReductionWaits) -> ReductionWaits {
        var sum = left
        sum.seconds += right.seconds
        return sum
    }

    public static func - (left: ReductionWaits, right: ReductionWaits) -> ReductionWaits {
        var difference = left
        difference.seconds -= right.seconds
        return difference
    }
}

extension WaitCause {
    /// Behind "wait".
    package var words: String {
        switch self {
        case .slowerRanks: "for slower ranks"
        case .withinNode: "within the node"
        case .betweenNodes: "for other nodes"
        }
    }

    /// In files that programs read.
    package var key: String {
        switch self {
        case .slowerRanks: "reduce_slower_ranks"
        case .withinNode: "reduce_within_node"
        case .betweenNodes: "reduce_between_nodes"
        }
    }
}

extension NodeMap {
    /// What ranks wait for that exchange messages only.
    var waitCause: WaitCause { nodes.count == 1 ? .withinNode : .betweenNodes }
}
