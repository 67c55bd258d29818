import Execution
import MessagePassing
import Basics

/// The sums over all shards of a step or of an evaluation, along the shard tree, and whether a rank was asked to stop.
package struct MetricSums: Sendable, Equatable {
    package var samples = 0
    package var loss = 0.0
    package var correct = 0
    package var correctInTop5 = 0
    /// Of regression: see `ShardMetrics`.
    package var absoluteError = 0.0
    package var squaredError = 0.0
    /// What a signal asks of the run; a request to stop counts more than one to save.
    package var request: SignalRequest?
    /// Whether every rank said that its part was finite.
    package var isFinite = true
    /// Of each head of the network.
    package var heads: [Head] = []

    /// Sums of one of several outputs, whose loss is not weighted.
    package struct Head: Sendable, Equatable {
        package var loss = 0.0
        package var correct = 0
        package var absoluteError = 0.0
        package var squaredError = 0.0

        package init() {}

        package static func += (sums: inout Head, step: Head) {
            sums.loss += step.loss
            sums.correct += step.correct
            sums.absoluteError += step.absoluteError
            sums.squaredError += step.squaredError
        }
    }

    package init() {}

    /// Those of a step that was left out count no sample.
    package mutating func leaveOut() {
        (samples, loss, correct, correctInTop5, absoluteError, squaredError) = (0, 0, 0, 0, 0, 0)
        heads = heads.map { _ in Head() }
    }
}

/// Gathers one row a shard from all ranks, and adds the rows up in the order of the tree, so that the sums do not depend
/// on which rank computed which shard.
package final class MetricsExchange {
    private let communicator: Communicator
    private let tree: ReductionTree
    private let mine: Range<Int>
    private let rows: AlignedBuffer<Double>
    private let layout: RankLayout
    /// Each rank's first shard, in whose row it says what concerns the rank.
    private let firstShards: [Int]
    private let heads: Int
    private let width: Int
    /// The least time, in seconds, that a rank has said it waited for communication.
    package private(set) var leastWait = 0.0

    /// Loss, correct, correct in top 5, samples, request, whether something was not finite, absolute and squared errors, the time
    /// of waiting; behind them loss, correct, absolute and squared errors of each head.
    private static let (ownWidth, headWidth) = (9, 4)

    package init(_ communicator: Communicator, _ partition: ShardPartition, heads: Int) throws {
        self.heads = heads
        let width = Self.ownWidth + Self.headWidth * heads
        self.width = width
        self.communicator = communicator
        tree = ReductionTree(shards: partition.shards)
        mine = partition.shards(of: communicator.rank)
        firstShards = (0..<partition.ranks).map { partition.shards(of: $0).lowerBound }
        rows = AlignedBuffer(count: partition.shards * width)
        layout = try RankLayout(counts: (0..<partition.ranks).map { partition.shards(of: $0).count * width })
    }

    /// Forgets the rank's rows.
    package func clear() {
        let own = mine.lowerBound * width..<mine.upperBound * width
        rows[own].update(repeating: 0)
    }

    /// Adds the sums of one of the rank's shards, which a plan has just computed.
    package func add(_ plan: BoundPlan, samples: Int, shard: Int) {
        let metrics = plan.metrics.pointee
        let row = rows.baseAddress + shard * width
        row[0] += metrics.loss
        row[1] += Double(metrics.correct)
        row[2] += Double(metrics.correctInTop5)
        row[3] += Double(samples)
        row[6] += metrics.absoluteError
        row[7] += metrics.squaredError
        for (number, head) in plan.headMetrics.enumerated() {
            let own = row + Self.ownWidth + Self.headWidth * number
            own[0] += head.loss
            own[1] += Double(head.correct)
            own[2] += head.absoluteError
            own[3] += head.squaredError
        }
    }

    /// Collective: all ranks get the same sums. `isFinite` says whether this rank has met no value that is not finite, `waited`
    /// how many seconds it has waited for communication.
    package func combine(
        _ request: SignalRequest? = nil, isFinite: Bool = true, waited: Double = 0
    ) throws -> MetricSums {
        rows[mine.lowerBound * width + 4] = Double(SignalRequest.code(request))
        rows[mine.lowerBound * width + 5] = isFinite ? 0 : 1
        rows[mine.lowerBound * width + 8] = waited
        try communicator.allGather(inPlace: rows.elements, layout)
        leastWait = .infinity
        for shard in firstShards { leastWait = min(leastWait, rows[shard * width + 8]) }
        var sums = MetricSums()
        let present = { (shard: Int) -> Int? in self.rows[shard * self.width + 3] > 0 ? shard : nil }
        let sum = { (column: Int) in
            self.tree.sum({ present($0).map { self.rows[$0 * self.width + column] } }, combine: +) ?? 0
        }
        (sums.loss, sums.absoluteError, sums.squaredError) = (sum(0), sum(6), sum(7))
        sums.heads = (0..<heads).map { number in
            var head = MetricSums.Head()
            let first = Self.ownWidth + Self.headWidth * number
            (head.loss, head.absoluteError, head.squaredError) = (sum(first), sum(first + 2), sum(first + 3))
            for shard in 0..<tree.shards { head.correct += Int(rows[shard * width + first + 1]) }
            return head
        }
        for shard in 0..<tree.shards {
            let row = rows.baseAddress + shard * width
            sums.correct += Int(row[1])
            sums.correctInTop5 += Int(row[2])
            sums.samples += Int(row[3])
            if row[5] > 0 { sums.isFinite = false }
            if sums.request == nil || sums.request == .save {
                sums.request = SignalRequest(code: Int32(row[4])) ?? sums.request
            }
        }
        return sums
    }
}
