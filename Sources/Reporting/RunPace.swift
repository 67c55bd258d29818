import Basics

/// How long a run will still take, by the steps and epochs that this process has seen.
struct RunPace {
    private let epochs: Int
    private let stepsPerEpoch: Int
    /// Of the steps seen, but the first one, which sets much up.
    private var steps = 0
    private var seconds = 0.0
    private var stepsLeft = 0
    private var epochsLeft = 0
    /// What an epoch takes besides its steps: validation and checkpoints. Nil before the first epoch has ended.
    private var overhead: Double?
    private var isAnnounced = false
    private static let fewSteps = 5
    /// A shorter run is over before its announcement has been read.
    private static let worthAWord = 60.0

    init(epochs: Int, stepsPerEpoch: Int) {
        (self.epochs, self.stepsPerEpoch) = (epochs, stepsPerEpoch)
    }

    /// Seconds until the run's last epoch has ended; nil before anything is known.
    var left: Double? {
        step.map { $0 * Double(stepsLeft) + (overhead ?? 0) * Double(epochsLeft) }
    }

    /// Seconds of a step, and of the steps of a whole run.
    var step: Double? { steps > 0 ? seconds / Double(steps) : nil }
    var whole: Double? { step.map { $0 * Double(epochs) * Double(stepsPerEpoch) } }

    /// What to say, once, of how long the run will take.
    mutating func stepEnded(_ event: StepEnded, isValidated: Bool) -> String? {
        epochsLeft = epochs - event.epoch
        stepsLeft = epochsLeft * stepsPerEpoch - event.stepInEpoch
        if event.sinceStart == nil {
            steps += 1
            seconds += event.durations.total
        }
        guard !isAnnounced, steps >= Self.fewSteps, let left, left >= Self.worthAWord else { return nil }
        isAnnounced = true
        let validation = isValidated && overhead == nil ? ", and what validation takes" : ""
        return "about \(Figures.duration(left)) for \(Figures.count(epochsLeft, "epoch"))\(validation)"
    }

    mutating func epochEnded(_ event: EpochEnded) {
        overhead = max(0, event.seconds - event.trainingSeconds)
        (steps, seconds) = (event.steps, event.trainingSeconds)
        epochsLeft = epochs - event.metrics.epoch - 1
        stepsLeft = epochsLeft * stepsPerEpoch
    }
}
