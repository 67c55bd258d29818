/// A length or a point of a run, counted in epochs (`30`) or in steps (`9000steps`).
///
/// What is counted in epochs changes at the beginning of an epoch only, as with Keras's LearningRateScheduler; what is
/// counted in steps changes at every step, as with Keras's `optimizers.schedules`.
public enum ScheduleTime: Hashable, Sendable, LosslessStringConvertible {
    case epochs(Int)
    case steps(Int)

    public init?(_ text: String) {
        let digits = text.prefix { $0.isNumber }
        guard let count = Int(digits) else { return nil }
        switch text.dropFirst(digits.count) {
        case "", "epochs": self = .epochs(count)
        case "steps": self = .steps(count)
        default: return nil
        }
    }

    public var description: String {
        switch self {
        case .epochs(let count): "\(count)"
        case .steps(let count): "\(count)steps"
        }
    }

    public var count: Int {
        switch self {
        case .epochs(let count), .steps(let count): count
        }
    }

    var isSteps: Bool {
        if case .steps = self { true } else { false }
    }

    /// Where a run is now, in the unit of this time.
    func elapsed(_ time: RunTime) -> Int { isSteps ? time.step : time.epoch }

    /// This time in steps.
    func steps(_ time: RunTime) -> Int { isSteps ? count : count * time.stepsPerEpoch }
}

/// A step of a run, from 0, and how long the run is.
struct RunTime {
    let epoch: Int
    /// Counted over the whole run.
    let step: Int
    let stepsPerEpoch: Int
    let epochs: Int

    /// Of the whole run.
    var steps: Int { epochs * stepsPerEpoch }
}
