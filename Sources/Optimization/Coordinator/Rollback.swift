/// What a run with `--on-nan rollback` does after a step that is not finite: it begins the epoch anew, with a lower learning
/// rate.
public struct Rollback: Hashable, Sendable {
    /// The learning rate is multiplied by it, for the rest of the run. Between 0 and 1.
    public var factor = 0.5
    /// How often a run begins an epoch anew.
    public var limit = 3

    public init() {}
}

/// A run that has begun epochs anew as often as it may.
public struct RollbackLimitError: Error, Hashable, CustomStringConvertible {
    let problem: String
    let limit: Int

    public var description: String {
        "\(problem) The run has been rolled back \(limit == 1 ? "once" : "\(limit) times"), and --rollback-limit allows no more: "
            + "start a new run with a lower --learning-rate or a --warm-up, from --weights of a checkpoint if they are wanted. "
            + "The last checkpoint is whole."
    }
}
