import Optimization
import Reduction

/// What an epoch came to, validation included.
public struct EpochEnded: Sendable, Equatable {
    public let metrics: EpochMetrics
    /// Steps of the run done.
    public let step: Int
    public let stepsPerEpoch: Int
    /// Training samples seen in the epoch by this process, in `trainingSeconds`.
    public let samples: Int
    /// Steps done in `trainingSeconds`: fewer than the epoch has, if the run was resumed in its middle.
    public let steps: Int
    public let trainingSeconds: Double
    /// Of `trainingSeconds`: waiting for the reader thread.
    public let waitedSeconds: Double
    /// Of `trainingSeconds`: waiting for the reduction on rank 0.
    public let reductionWaits: ReductionWaits
    /// With validation, and with checkpoints ahead of the epoch's end.
    public let seconds: Double
    public let learningRate: Float
    public let isBest: Bool
    public let straggler: Straggler?
    /// What the coordinator has to say.
    public let messages: [String]

    package init(
        metrics: EpochMetrics, step: Int, stepsPerEpoch: Int, samples: Int, steps: Int, trainingSeconds: Double,
        waitedSeconds: Double, reductionWaits: ReductionWaits = ReductionWaits(), seconds: Double, learningRate: Float,
        isBest: Bool,
        straggler: Straggler? = nil, messages: [String] = []
    ) {
        (self.metrics, self.step, self.stepsPerEpoch) = (metrics, step, stepsPerEpoch)
        (self.samples, self.steps) = (samples, steps)
        (self.trainingSeconds, self.waitedSeconds, self.seconds) = (trainingSeconds, waitedSeconds, seconds)
        self.reductionWaits = reductionWaits
        (self.learningRate, self.isBest, self.straggler) = (learningRate, isBest, straggler)
        self.messages = messages
    }
}
