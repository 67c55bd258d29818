import Optimization

/// What one step did, summed over all ranks. Made by the trainer, read by observers.
public struct StepReport: Sendable, Equatable {
    /// From 0.
    public var epoch: Int
    /// Steps of the run done, this one included.
    public var step: Int
    /// Steps of the epoch done, this one included.
    public var stepInEpoch: Int
    public var stepsPerEpoch: Int
    public var samples: Int
    public var lossSum: Double
    /// Samples told right; nil for networks without classes.
    public var correct: Double?
    /// Means over the epoch so far.
    public var epochSoFar: EpochMetrics.Means
    public var learningRate: Float
    public var durations: StepDurations
    /// Seconds from the start of the process to the end of its first step; nil for later ones.
    public var sinceStart: Double?

    public init(
        epoch: Int, step: Int, stepInEpoch: Int, stepsPerEpoch: Int, samples: Int, lossSum: Double, correct: Double?,
        epochSoFar: EpochMetrics.Means, learningRate: Float, durations: StepDurations,
        sinceStart: Double? = nil
    ) {
        self.epoch = epoch
        self.step = step
        self.stepInEpoch = stepInEpoch
        self.stepsPerEpoch = stepsPerEpoch
        self.samples = samples
        self.lossSum = lossSum
        self.correct = correct
        self.epochSoFar = epochSoFar
        self.learningRate = learningRate
        self.durations = durations
        self.sinceStart = sinceStart
    }

    public var loss: Double { lossSum / Double(samples) }
    public var accuracy: Double? { correct.map { $0 / Double(samples) } }
}

/// Where a step's time went on rank 0, in seconds.
public struct StepDurations: Sendable, Equatable {
    /// Waiting for the reader thread.
    public var dataWait: Double
    /// Forward and backward passes.
    public var compute: Double
    /// Reduction that no computation hid.
    public var exposedReduction: Double
    public var update: Double
    /// The whole step.
    public var total: Double
    /// Messages were under way, hidden or not.
    public var activeReduction: Double
    /// What the rank sent to others.
    public var bytesSent: Int

    /// Reduction that went on behind computation and update, as far as the rank's looks at its messages tell.
    public var hiddenReduction: Double { max(0, activeReduction - exposedReduction) }

    public init(
        dataWait: Double, compute: Double, exposedReduction: Double, update: Double, total: Double,
        activeReduction: Double = 0, bytesSent: Int = 0
    ) {
        self.dataWait = dataWait
        self.compute = compute
        self.exposedReduction = exposedReduction
        self.update = update
        self.total = total
        self.activeReduction = activeReduction
        self.bytesSent = bytesSent
    }
}

/// What an epoch came to, validation included.
public struct EpochReport: Sendable, Equatable {
    public var metrics: EpochMetrics
    public var epochs: Int
    /// Steps of the run done.
    public var step: Int
    public var stepsPerEpoch: Int
    /// Training samples seen in the epoch by this process, in `trainingSeconds`.
    public var samples: Int
    /// Steps done in `trainingSeconds`: fewer than the epoch has, if the run was resumed in its middle.
    public var steps: Int
    public var trainingSeconds: Double
    /// Of `trainingSeconds`: waiting for the reader thread.
    public var waitedSeconds: Double
    /// With validation, and with checkpoints ahead of the epoch's end.
    public var seconds: Double
    public var learningRate: Float
    public var isBest: Bool
    /// What the coordinator has to say.
    public var messages: [String]

    public init(
        metrics: EpochMetrics, epochs: Int, step: Int, stepsPerEpoch: Int, samples: Int, steps: Int,
        trainingSeconds: Double, waitedSeconds: Double, seconds: Double, learningRate: Float, isBest: Bool,
        messages: [String] = []
    ) {
        self.metrics = metrics
        self.epochs = epochs
        self.step = step
        self.stepsPerEpoch = stepsPerEpoch
        self.samples = samples
        self.steps = steps
        self.trainingSeconds = trainingSeconds
        self.waitedSeconds = waitedSeconds
        self.seconds = seconds
        self.learningRate = learningRate
        self.isBest = isBest
        self.messages = messages
    }
}

/// Someone who looks on, on rank 0: shows or records, and steers nothing.
public protocol RunObserver: AnyObject {
    func stepEnded(_ report: StepReport) throws
    func epochEnded(_ report: EpochReport) throws
}
