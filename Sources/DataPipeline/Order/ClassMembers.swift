import Basics
import Datasets

/// The samples of each class that has any, in the file's order: for epochs in which all classes come equally often.
///
/// An epoch has as many draws as samples. Each class is drawn equally often, give or take one. It gives all its samples in
/// random order before it gives one again.
public struct ClassMembers: Sendable, Equatable {
    private let members: [[Int]]

    init(_ labels: [Int32]) {
        members = Dictionary(grouping: labels.indices) { labels[$0] }.sorted { $0.key < $1.key }.map(\.value)
    }

    /// Draw number `draw` of an epoch, before draws are shuffled. `seed` nil leaves each class in the file's order.
    func draw(_ draw: Int, epoch: Int, seed: UInt64?) -> (sample: Int, occurrence: Int) {
        let (turn, number) = draw.quotientAndRemainder(dividingBy: members.count)
        let own = members[number]
        let (round, place) = turn.quotientAndRemainder(dividingBy: own.count)
        guard let seed else { return (own[place], round) }
        let stream = CounterRandom.mix(UInt64(epoch), CounterRandom.mix(UInt64(number), UInt64(round)))
        let order = Permutation(
            count: own.count, random: CounterRandom(seed: seed, purpose: .balancing, stream: stream))
        return (own[order[place]], round)
    }
}

extension SampleSet {
    /// Nil without labels.
    var classMembers: ClassMembers? {
        if case .labels(let labels) = targets { ClassMembers(labels) } else { nil }
    }
}
