import Checkpoints
import Optimization
import Reduction

/// How far a run has come: what a checkpoint holds beyond weights, slots and the coordinator.
struct RunProgress: Sendable {
    private(set) var position = RunState.Position()
    /// Sums of the epoch that has begun.
    private(set) var sums = MetricSums()
    private(set) var history: [[String: Double]] = []
    private(set) var overrides: [RunState.Override] = []
    /// The rate of the last step; before the first step, the rate of the first step.
    private(set) var learningRate: Float
    /// What there is to be right about in a sample: 0 for networks without classes, several where each class is a question
    /// of its own.
    private let decisionsPerSample: Int

    var countsCorrect: Bool { decisionsPerSample > 0 }

    init(firstRate: Float, decisionsPerSample: Int) {
        learningRate = firstRate
        self.decisionsPerSample = decisionsPerSample
    }

    /// Continues from `state`.
    init(resuming state: RunState, decisionsPerSample: Int) {
        self.decisionsPerSample = decisionsPerSample
        learningRate = Float(state.optimizer.learningRate)
        position = state.position
        history = state.history
        overrides = state.overrides
        sums.samples = Int(state.epochSums["samples"] ?? 0)
        sums.loss = state.epochSums["loss"] ?? 0
        sums.correct = Int(state.epochSums[correctName] ?? 0)
        // A run from before has not summed its errors: those of this epoch are not known.
        let unknown = sums.samples > 0 ? Double.nan : 0
        sums.absoluteError = state.epochSums["absolute_error"] ?? unknown
        sums.squaredError = state.epochSums["squared_error"] ?? unknown
    }

    /// The sums as a checkpoint has them.
    var epochSums: [String: Double] {
        let errors = ["absolute_error": sums.absoluteError, "squared_error": sums.squaredError]
        let known = countsCorrect ? [:] : errors.filter { $0.value.isFinite }
        return known.merging(
            ["samples": Double(sums.samples), "loss": sums.loss, correctName: Double(sums.correct)]) { $1 }
    }

    private var correctName: String { decisionsPerSample > 1 ? "correct_outputs" : "correct" }

    /// In samples: parts of them where a sample has several decisions.
    func correct(_ sums: MetricSums) -> Double { Double(sums.correct) / Double(max(decisionsPerSample, 1)) }

    /// Means over the epoch so far.
    var means: EpochMetrics.Means { means(of: sums) }

    func means(of sums: MetricSums) -> EpochMetrics.Means {
        let count = Double(max(sums.samples, 1))
        let loss = sums.loss / count
        if countsCorrect { return EpochMetrics.Means(loss: loss, accuracy: correct(sums) / count) }
        guard !sums.absoluteError.isNaN else { return EpochMetrics.Means(loss: loss) }
        return EpochMetrics.Means(
            loss: loss, mae: sums.absoluteError / count, rmse: (sums.squaredError / count).squareRoot())
    }

    mutating func add(_ step: MetricSums, learningRate: Float) {
        self.learningRate = learningRate
        sums.samples += step.samples
        sums.loss += step.loss
        sums.correct += step.correct
        sums.absoluteError += step.absoluteError
        sums.squaredError += step.squaredError
        position.step += 1
        position.globalStep += 1
    }

    /// Back to the start of the epoch; `learningRate` is the rate of the step before it.
    mutating func rollBack(learningRate: Float) {
        self.learningRate = learningRate
        sums = MetricSums()
        position.globalStep -= position.step
        position.step = 0
    }

    mutating func endEpoch(_ metrics: EpochMetrics) {
        var record = ["learning_rate": Double(learningRate)]
        for name in EpochMetrics.names(
            accuracy: countsCorrect, validation: metrics.validation != nil,
            averages: metrics.rawValidation != nil, scores: true)
        {
            record[name] = metrics[name]
        }
        history.append(record)
        sums = MetricSums()
        position.epoch += 1
        position.step = 0
    }
}
