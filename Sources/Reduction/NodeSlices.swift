import Basics
import MessagePassing

/// How a bucket is cut where ranks of a node share memory. It is cut into *columns*, as many as the smallest node has ranks,
/// and each column into a slice for each node. Column c of all nodes is the business of the ranks at place c of their nodes:
/// so what leaves a node is sent by one of its ranks, and each value once. On one node a column is a slice.
struct NodeSlices {
    let buckets: BucketPlan
    let nodes: NodeMap
    /// The ranks of larger nodes behind these own nothing.
    let columns: Int

    init(buckets: BucketPlan, nodes: NodeMap) {
        (self.buckets, self.nodes) = (buckets, nodes)
        columns = nodes.nodes.map(\.count).min() ?? 1
    }

    /// The place of a rank in its node.
    func place(of rank: Int) -> Int { nodes.neighbours(of: rank).firstIndex(of: rank) ?? 0 }

    /// What the rank at `place` of its node adds up for the whole node; may be empty.
    func column(_ bucket: Int, _ place: Int) -> Range<Int> {
        place < columns ? part(place, of: columns, buckets.buckets[bucket]) : buckets.buckets[bucket].prefix(0)
    }

    /// What `rank` sums over all nodes, and updates; may be empty.
    func slice(_ bucket: Int, of rank: Int) -> Range<Int> {
        part(nodes.node(of: rank), of: nodes.nodes.count, column(bucket, place(of: rank)))
    }

    /// The slices of a column: that of each node.
    func slices(_ bucket: Int, ofPlace place: Int) -> [Range<Int>] { nodes.nodes.map { slice(bucket, of: $0[place]) } }

    /// Whether `rank` has a column, which it exchanges with other nodes.
    func sends(_ rank: Int) -> Bool { nodes.nodes.count > 1 && place(of: rank) < columns }

    private func part(_ index: Int, of count: Int, _ range: Range<Int>) -> Range<Int> {
        let unit = BucketPlan.unit
        let part = ShardPartition.part(index, of: count, total: range.count / unit)
        return range.lowerBound + part.lowerBound * unit..<range.lowerBound + part.upperBound * unit
    }
}
