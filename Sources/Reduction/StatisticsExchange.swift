import Execution
import MessagePassing
import Basics

/// The barrier of global batch normalisation: every shard's vector goes to every rank, and every rank combines them in
/// the order of the shard tree. The vectors are short; all ranks compute the same bits.
package final class StatisticsExchange {
    private let communicator: Communicator
    private let partition: ShardPartition
    private let tree: ReductionTree
    private let rows: AlignedBuffer<Float>
    /// Samples behind each row, while moments are combined.
    private let weights: AlignedBuffer<Double>
    /// For each barrier, the elements that each rank contributes.
    private let layouts: [RankLayout]

    package convenience init(_ communicator: Communicator, _ partition: ShardPartition, _ exchanges: [Exchange?]) throws
    {
        try self.init(communicator, partition, counts: exchanges.map { $0?.count ?? 0 })
    }

    /// One barrier for each of `counts`, elements a shard.
    package init(_ communicator: Communicator, _ partition: ShardPartition, counts: [Int]) throws {
        self.communicator = communicator
        self.partition = partition
        tree = ReductionTree(shards: partition.shards)
        rows = AlignedBuffer(count: partition.shards * (counts.max() ?? 0))
        weights = AlignedBuffer(count: partition.shards)
        layouts = try counts.map { count in
            try RankLayout(counts: (0..<partition.ranks).map { partition.shards(of: $0).count * count })
        }
    }

    /// Takes the vector of one of the rank's shards.
    package func set(_ vector: UnsafePointer<Float>, count: Int, shard: Int) {
        set(vector, to: 0..<count, count: count, shard: shard)
    }

    /// Takes a part of the vector of one of the rank's shards.
    package func set(_ values: UnsafePointer<Float>, to part: Range<Int>, count: Int, shard: Int) {
        (rows.baseAddress + shard * count + part.lowerBound).update(from: values, count: part.count)
    }

    /// Collective. Returns the combined vector of barrier `segment`, valid until the next call.
    package func combine(_ exchange: Exchange, segment: Int, batch: Int) throws -> UnsafePointer<Float> {
        try combine(exchange.rule, count: exchange.count, segment: segment, batch: batch)
    }

    /// The same for a barrier of `count` elements.
    package func combine(
        _ rule: Exchange.Rule, count: Int, segment: Int, batch: Int
    ) throws -> UnsafePointer<Float> {
        try communicator.allGather(inPlace: rows[0..<partition.shards * count], layouts[segment])
        for shard in 0..<partition.shards { weights[shard] = Double(partition.samples(of: shard, batch: batch).count) }
        let root = tree.sum({ self.weights[$0] > 0 ? $0 : nil }) { left, right in
            switch rule {
            case .sum: addRow(right, into: left, count)
            case .moments: mergeMoments(right, into: left, count / 2)
            }
            return left
        }
        return UnsafePointer(rows.baseAddress + (root ?? 0) * count)
    }

    private func addRow(_ right: Int, into left: Int, _ count: Int) {
        let (a, b) = (rows.baseAddress + left * count, rows.baseAddress + right * count)
        for i in 0..<count { a[i] += b[i] }
    }

    /// Chan, Golub and LeVeque, "Algorithms for computing the sample variance", 1983, for means and population variances.
    private func mergeMoments(_ right: Int, into left: Int, _ channels: Int) {
        let (a, b) = (rows.baseAddress + left * 2 * channels, rows.baseAddress + right * 2 * channels)
        let total = weights[left] + weights[right]
        let (shareA, shareB) = (weights[left] / total, weights[right] / total)
        for c in 0..<channels {
            let delta = Double(b[c]) - Double(a[c])
            let within = Double(a[channels + c]) * shareA + Double(b[channels + c]) * shareB
            a[channels + c] = Float(within + delta * delta * shareA * shareB)
            a[c] = Float(Double(a[c]) + delta * shareB)
        }
        weights[left] = total
    }
}
