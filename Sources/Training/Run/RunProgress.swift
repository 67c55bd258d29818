import Checkpoints
import Optimization
import Reduction
import Sessions

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
    private let heads: [HeadMetrics]

    var countsCorrect: Bool { decisionsPerSample > 0 }

    init(firstRate: Float, decisionsPerSample: Int, heads: [HeadMetrics]) {
        learningRate = firstRate
        self.decisionsPerSample = decisionsPerSample
        self.heads = heads
        sums = noSums
    }

    /// Continues from `state`.
    init(resuming state: RunState, decisionsPerSample: Int, heads: [HeadMetrics]) {
        self.decisionsPerSample = decisionsPerSample
        self.heads = heads
        learningRate = Float(state.optimizer.learningRate)
        position = state.position
        history = state.history
        overrides = state.overrides
        sums = noSums
        sums.samples = Int(state.epochSums["samples"] ?? 0)
        sums.loss = state.epochSums["loss"] ?? 0
        sums.correct = Int(state.epochSums[correctName] ?? 0)
        // A run from before has not summed its errors: those of this epoch are not known.
        let unknown = sums.samples > 0 ? Double.nan : 0
        sums.absoluteError = state.epochSums["absolute_error"] ?? unknown
        sums.squaredError = state.epochSums["squared_error"] ?? unknown
        for number in heads.indices {
            sums.heads[number].loss = state.epochSums[RunState.headSum(number, "loss")] ?? 0
            sums.heads[number].correct = Int(state.epochSums[RunState.headSum(number, "correct")] ?? 0)
            sums.heads[number].absoluteError = state.epochSums[RunState.headSum(number, "absolute_error")] ?? unknown
            sums.heads[number].squaredError = state.epochSums[RunState.headSum(number, "squared_error")] ?? unknown
        }
    }

    private var noSums: MetricSums {
        var sums = MetricSums()
        sums.heads = heads.map { _ in MetricSums.Head() }
        return sums
    }

    /// The sums as a checkpoint has them.
    var epochSums: [String: Double] {
        let errors = ["absolute_error": sums.absoluteError, "squared_error": sums.squaredError]
        var all = measuresErrors ? errors.filter { $0.value.isFinite } : [:]
        all.merge(["samples": Double(sums.samples), "loss": sums.loss, correctName: Double(sums.correct)]) { $1 }
        for (number, head) in sums.heads.enumerated() {
            all[RunState.headSum(number, "loss")] = head.loss
            all[RunState.headSum(number, "correct")] = Double(head.correct)
            guard heads[number].hasErrors, head.absoluteError.isFinite, head.squaredError.isFinite else { continue }
            all[RunState.headSum(number, "absolute_error")] = head.absoluteError
            all[RunState.headSum(number, "squared_error")] = head.squaredError
        }
        return all
    }

    /// Whether outputs are numbers of one target, whose errors mean something together.
    private var measuresErrors: Bool { !countsCorrect && heads.isEmpty }

    private var correctName: String { decisionsPerSample > 1 ? "correct_outputs" : "correct" }

    /// In samples: parts of them where a sample has several decisions.
    func correct(_ sums: MetricSums) -> Double { Double(sums.correct) / Double(max(decisionsPerSample, 1)) }

    /// Means over the epoch so far.
    var means: EpochMetrics.Means { means(of: sums) }

    func means(of sums: MetricSums) -> EpochMetrics.Means {
        let count = Double(max(sums.samples, 1))
        let loss = sums.loss / count
        if countsCorrect { return EpochMetrics.Means(loss: loss, accuracy: correct(sums) / count) }
        guard measuresErrors, !sums.absoluteError.isNaN else { return EpochMetrics.Means(loss: loss) }
        return EpochMetrics.Means(
            loss: loss, mae: sums.absoluteError / count, rmse: (sums.squaredError / count).squareRoot())
    }

    /// Metrics of each output of a network with several, by name.
    func headMeans(of sums: MetricSums) -> [String: Double] {
        zip(heads, sums.heads).reduce(into: [:]) { all, head in
            all.merge(head.0.values(of: head.1, samples: sums.samples)) { first, _ in first }
        }
    }

    mutating func add(_ step: MetricSums, learningRate: Float) {
        self.learningRate = learningRate
        sums.samples += step.samples
        sums.loss += step.loss
        sums.correct += step.correct
        sums.absoluteError += step.absoluteError
        sums.squaredError += step.squaredError
        for number in heads.indices { sums.heads[number] += step.heads[number] }
        position.step += 1
        position.globalStep += 1
    }

    /// Back to the start of the epoch; `learningRate` is the rate of the step before it.
    mutating func rollBack(learningRate: Float) {
        self.learningRate = learningRate
        sums = noSums
        position.globalStep -= position.step
        position.step = 0
    }

    mutating func endEpoch(_ metrics: EpochMetrics) {
        var record = ["learning_rate": Double(learningRate)]
        for name in EpochMetrics.names(
            accuracy: countsCorrect, errors: measuresErrors, validation: metrics.validation != nil,
            averages: metrics.rawValidation != nil, scores: true)
        {
            record[name] = metrics[name]
        }
        record.merge(metrics.scores) { first, _ in first }
        history.append(record)
        sums = noSums
        position.epoch += 1
        position.step = 0
    }
}
