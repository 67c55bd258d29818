import Optimization
import Reduction

/// What one step did, summed over all ranks.
public struct StepEnded: Sendable, Equatable {
    /// From 0.
    public let epoch: Int
    /// Steps of the run done, this one included.
    public let step: Int
    /// Steps of the epoch done, this one included.
    public let stepInEpoch: Int
    public let stepsPerEpoch: Int
    public let samples: Int
    public let lossSum: Double
    /// Samples classified correctly; nil for networks without classes.
    public let correct: Double?
    /// Means over the epoch so far.
    public let epochSoFar: EpochMetrics.Means
    public let learningRate: Float
    public let durations: StepDurations
    /// Seconds from the start of the process to the end of its first step; nil for later ones.
    public let sinceStart: Double?

    package init(
        epoch: Int, step: Int, stepInEpoch: Int, stepsPerEpoch: Int, samples: Int, lossSum: Double, correct: Double?,
        epochSoFar: EpochMetrics.Means, learningRate: Float, durations: StepDurations, sinceStart: Double? = nil
    ) {
        (self.epoch, self.step) = (epoch, step)
        (self.stepInEpoch, self.stepsPerEpoch) = (stepInEpoch, stepsPerEpoch)
        (self.samples, self.lossSum, self.correct) = (samples, lossSum, correct)
        (self.epochSoFar, self.learningRate) = (epochSoFar, learningRate)
        (self.durations, self.sinceStart) = (durations, sinceStart)
    }

    public var loss: Double { lossSum / Double(samples) }
    public var accuracy: Double? { correct.map { $0 / Double(samples) } }
}

/// Where a step's time went on rank 0, in seconds.
public struct StepDurations: Sendable, Equatable {
    /// Waiting for the reader thread.
    public let dataWait: Double
    /// Forward and backward passes.
    public let compute: Double
    /// Reduction that no computation hid.
    public let reductionWaits: ReductionWaits
    public let update: Double
    /// The whole step.
    public let total: Double
    /// Messages were under way, hidden or not.
    public let activeReduction: Double
    /// What the rank sent to others.
    public let bytesSent: Int

    public var exposedReduction: Double { reductionWaits.total }

    /// Reduction that went on behind computation and update, as far as the rank's looks at its messages tell.
    public var hiddenReduction: Double { max(0, activeReduction - exposedReduction) }

    package init(
        dataWait: Double, compute: Double, reductionWaits: ReductionWaits = ReductionWaits(), update: Double,
        total: Double,
        activeReduction: Double = 0, bytesSent: Int = 0
    ) {
        (self.dataWait, self.compute, self.reductionWaits) = (dataWait, compute, reductionWaits)
        (self.update, self.total) = (update, total)
        (self.activeReduction, self.bytesSent) = (activeReduction, bytesSent)
    }
}
