/// The rank that the others waited for in an epoch.
public struct Straggler: Sendable, Equatable {
    public let rank: Int
    /// The name of its node.
    public let host: String
    /// Of the time of the epoch's steps: how much longer it was busy than the rank in the middle of the others.
    public let share: Double

    /// Waiting that is worth a word.
    static let least = 0.1

    /// `busy`: by rank, the seconds of an epoch's steps in which it did not wait for others; `seconds` are those of all steps. Nil where
    /// nobody waited long.
    package init?(busy: [Double], of seconds: Double, host: (Int) -> String) {
        guard busy.count > 1, seconds > 0, let slowest = busy.indices.max(by: { busy[$0] < busy[$1] }) else {
            return nil
        }
        let others = busy.indices.filter { $0 != slowest }.map { busy[$0] }.sorted()
        share = (busy[slowest] - others[others.count / 2]) / seconds
        guard share > Self.least else { return nil }
        (rank, self.host) = (slowest, host(slowest))
    }
}
