/// What a rank is doing, as far as others need to know to tell who keeps them waiting.
package enum RankActivity: UInt8, Sendable, CaseIterable {
    /// Before MPI, or in MPI_Init.
    case starting
    case preparing, reading, computing, evaluating, saving
    /// Inside a call of MPI that other ranks must answer.
    case waiting
    case ended

    /// Whether the rank can go on only if other ranks do something.
    package var needsOthers: Bool { self == .starting || self == .waiting }
}

/// What a rank says of itself to a rank that waits.
package struct RankStatus: Sendable, Equatable {
    package let activity: RankActivity
    /// Seconds since the rank's last sign of life.
    package let quiet: Int

    package init(activity: RankActivity, quiet: Int) {
        self.activity = activity
        self.quiet = quiet
    }
}
