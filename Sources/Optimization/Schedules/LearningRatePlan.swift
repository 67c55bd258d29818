/// Base rate, schedule and warm-up of a run: the learning rate at every step but for what ReduceLROnPlateau takes off.
///
/// With a reference batch size the base rate is scaled by batch / reference, the linear scaling rule of Goyal et al.,
/// "Accurate, large minibatch SGD" (2017). The warm-up is a factor on the schedule that grows linearly step by step,
/// from the unscaled rate where scaling raised it, else from zero, and is 1 at its last step; the first step already
/// has one increment, so that none is wasted on a rate of zero.
public struct LearningRatePlan: Hashable, Sendable {
    public let base: Double
    public let schedule: LearningRateSchedule
    /// Steps of the schedule that were over when the run began.
    private let scheduleStart: Int
    public let warmUp: ScheduleTime?
    public let stepsPerEpoch: Int
    public let epochs: Int
    private let scaling: Double
    private let late: Late?
    /// May have a rate of its own.
    let average: StochasticAverage?

    /// A factor on the rates from an epoch (from 0) on.
    public struct Late: Hashable, Sendable {
        let fromEpoch: Int
        let factor: Double

        public init(fromEpoch: Int, factor: Double) { (self.fromEpoch, self.factor) = (fromEpoch, factor) }
    }

    public init(
        base: Double, schedule: LearningRateSchedule = .constant, scheduleStart: Int = 0, warmUp: ScheduleTime? = nil,
        batchSize: Int = 1, referenceBatchSize: Int? = nil, stepsPerEpoch: Int, epochs: Int,
        late: Late? = nil, average: StochasticAverage? = nil
    ) {
        precondition(stepsPerEpoch > 0 && epochs > 0, "a plan for no steps")
        scaling = referenceBatchSize.map { Double(batchSize) / Double($0) } ?? 1
        self.base = base * scaling
        self.schedule = schedule
        self.scheduleStart = scheduleStart
        self.warmUp = warmUp
        self.stepsPerEpoch = stepsPerEpoch
        self.epochs = epochs
        self.late = late
        self.average = average
    }

    /// The planned rate of a step of an epoch, both from 0.
    func rate(epoch: Int, stepInEpoch: Int) -> Double {
        if let average,
            let rate = average.rate(
                epoch: epoch, scheduledAtStart: scheduledRate(epoch: average.start, stepInEpoch: 0))
        {
            return rate
        }
        return scheduledRate(epoch: epoch, stepInEpoch: stepInEpoch)
    }

    private func scheduledRate(epoch: Int, stepInEpoch: Int) -> Double {
        let step = epoch * stepsPerEpoch + stepInEpoch
        let rate = schedule.rate(base: base, at: time(step)) * warmth(step)
        return late.map { epoch >= $0.fromEpoch ? rate * $0.factor : rate } ?? rate
    }

    /// Where the schedule is at a step of the run.
    private func time(_ step: Int) -> RunTime {
        let step = step + scheduleStart
        return RunTime(epoch: step / stepsPerEpoch, step: step, stepsPerEpoch: stepsPerEpoch, epochs: epochs)
    }

    /// Whether the run goes on beyond the end of its schedule, which it reaches in this epoch.
    func reachesEnd(in epoch: Int) -> Bool {
        let steps = epoch * stepsPerEpoch..<(epoch + 1) * stepsPerEpoch
        if let average, average.rate != nil, epoch >= average.start { return false }
        let begin = time(steps.lowerBound)
        guard let end = schedule.end(begin), epoch + 1 < epochs else { return false }
        return begin.step < end && end <= begin.step + stepsPerEpoch
    }

    private var warmUpSteps: Int {
        switch warmUp {
        case .epochs(let count): count * stepsPerEpoch
        case .steps(let count): count
        case nil: 0
        }
    }

    private func warmth(_ step: Int) -> Double {
        guard step + 1 < warmUpSteps else { return 1 }
        let start = scaling > 1 ? 1 / scaling : 0
        return start + (1 - start) * Double(step + 1) / Double(warmUpSteps)
    }

    /// The rates of an epoch, times `rateFactor`, which takes no rate below `floor`. Planned rates that are lower stay.
    func rates(epoch: Int, rateFactor: Double, floor: Double) -> EpochRates {
        let varies = schedule.changesWithinEpoch || epoch * stepsPerEpoch < warmUpSteps
        let steps = 0..<(varies ? stepsPerEpoch : 1)
        let rates = steps.map { step -> Double in
            let planned = rate(epoch: epoch, stepInEpoch: step)
            return max(planned * rateFactor, min(planned, floor))
        }
        return EpochRates(values: rates.map { Float($0) })
    }
}

/// The learning rates of one epoch. Computed on rank 0 and sent to all, since no two maths libraries promise the same
/// power or cosine.
public struct EpochRates: Hashable, Sendable, Codable {
    /// One for the whole epoch, or one a step.
    let values: [Float]

    /// The rate of a step of the epoch, from 0.
    public subscript(stepInEpoch: Int) -> Float {
        values[min(stepInEpoch, values.count - 1)]
    }

    /// The rate at the epoch's end: what histories and logs show.
    public var last: Float { self[values.count - 1] }
}
