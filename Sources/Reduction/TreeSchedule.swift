import Basics
import MessagePassing

/// The partial sums of all partners in one step, and how they travel, for a given number of non-empty shards. The partners are
/// ranks, or nodes. It is computed once, and then only executed.
final class TreeSchedule {
    /// A partial sum of some partner, in the order of the tree.
    struct Partial {
        /// The partner that has it.
        let partner: Int
        let level: Int
        /// How many additions follow on the owner's stack once this one has been pushed.
        let additions: Int
        /// The place among the partial sums from other partners; nil for this one's own, which is used where it lies.
        let place: Int?
    }

    /// The largest number of partial sums that any partner has. A bucket needs this number of all-to-all exchanges.
    let exchanges: Int
    /// The partial sums of all partners.
    let partials: [Partial]
    private let sendLayouts: [RankLayout]
    private let receiveLayouts: [RankLayout]

    /// `subtrees`: what the partial sums of each partner stand for. `slices`: of each bucket, that of each partner; none where
    /// nothing travels.
    init(_ subtrees: [[Range<Int>]], partner: Int, slices: [[Range<Int>]]) throws {
        var counts = ReductionTree.additions(after: subtrees.flatMap { $0.map(\.lowerBound) })[...]
        var partials: [Partial] = []
        var place = 0
        for (owner, subtrees) in subtrees.enumerated() {
            for level in subtrees.indices {
                let isOwn = owner == partner
                partials.append(
                    Partial(
                        partner: owner, level: level, additions: counts.removeFirst(), place: isOwn ? nil : place))
                if !isOwn { place += 1 }
            }
        }
        self.partials = partials
        let exchanges = slices.isEmpty ? 0 : subtrees.map(\.count).max() ?? 0
        self.exchanges = exchanges

        var sendLayouts: [RankLayout] = []
        var receiveLayouts: [RankLayout] = []
        for slices in slices {
            let start = slices[0].lowerBound
            for level in 0..<exchanges {
                let sends = level < subtrees[partner].count
                sendLayouts.append(
                    try RankLayout(
                        counts: slices.indices.map { sends && $0 != partner ? slices[$0].count : 0 },
                        offsets: slices.map { $0.lowerBound - start }))
                let places = slices.indices.map { sender in
                    partials.first { $0.partner == sender && $0.level == level }?.place
                }
                receiveLayouts.append(
                    try RankLayout(
                        counts: places.map { $0 == nil ? 0 : slices[partner].count },
                        offsets: places.map { ($0 ?? 0) * slices[partner].count }))
            }
        }
        self.sendLayouts = sendLayouts
        self.receiveLayouts = receiveLayouts
    }

    /// What this partner sends of partial sum `level`, relative to the start of the first slice.
    func sendLayout(bucket: Int, level: Int) -> RankLayout { sendLayouts[bucket * exchanges + level] }

    /// Where the other partners' partial sums `level` go, relative to the bucket's receive area.
    func receiveLayout(bucket: Int, level: Int) -> RankLayout { receiveLayouts[bucket * exchanges + level] }
}
