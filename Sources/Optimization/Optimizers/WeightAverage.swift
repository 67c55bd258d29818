import Basics
import Glibc

/// What makes the model of a run out of the weights that are trained.
public enum WeightAverage: Hashable, Sendable {
    case exponential(ExponentialAverage)
    case stochastic(StochasticAverage)

    /// Whether there is an average once so many epochs have ended.
    public func exists(afterEpochs epochs: Int) -> Bool {
        switch self {
        case .exponential: true
        case .stochastic(let average): average.models(before: epochs) > 0
        }
    }
}

/// An exponential moving average of weights, by Keras's rule: m * average + (1 - m) * weights after each update, and the weights
/// themselves after the first one. Source: `_update_model_variables_moving_average` in keras/src/optimizers/base_optimizer.py.
public struct ExponentialAverage: Hashable, Sendable {
    public let momentum: Float

    public init(momentum: Double) { self.momentum = Float(momentum) }

    /// Follows an update of the same weights. `iteration` counts updates from 0. Every element is computed on its own.
    public func update(
        average: UnsafeMutablePointer<Float>, weights: UnsafePointer<Float>, count: Int, iteration: Int
    ) {
        let kept = iteration == 0 ? 0 : momentum
        let fresh = 1 - kept
        for i in 0..<count { average[i] = kept * average[i] + fresh * weights[i] }
    }
}

/// Stochastic weight averaging: Izmailov et al., "Averaging weights leads to wider optima and better generalization", 2018, by the rules
/// of PyTorch's `torch/optim/swa_utils.py`. The average is the mean of the weights at the ends of epochs.
public struct StochasticAverage: Hashable, Sendable {
    /// Epochs before the first one whose weights count.
    public var start: Int
    /// Epochs from one that counts to the next.
    public var every = 1
    /// What the learning rate comes to meanwhile; nil leaves it to the schedule.
    public var rate: Double?
    /// Epochs that the rate takes to get there, along half a cosine.
    public var anneal = 10

    public init(start: Int) { self.start = start }

    /// Whether the weights at the end of an epoch (from 0) count.
    public func counts(epoch: Int) -> Bool { epoch >= start && (epoch - start) % every == 0 }

    /// Takes weights into the average. `models` of them are in it already. Every element is computed on its own.
    public func add(
        _ weights: UnsafePointer<Float>, to average: UnsafeMutablePointer<Float>, count: Int, models: Int
    ) {
        guard models > 0 else { return average.update(from: weights, count: count) }
        let part = 1 / Float(models + 1)
        for i in 0..<count { average[i] += (weights[i] - average[i]) * part }
    }

    /// How many models are in the average when an epoch (from 0) begins.
    public func models(before epoch: Int) -> Int { epoch > start ? (epoch - start - 1) / every + 1 : 0 }

    /// The rate of an epoch (from 0) that would have begun with `scheduled` when averaging did; nil where the schedule decides.
    func rate(epoch: Int, scheduledAtStart scheduled: Double) -> Double? {
        guard let rate, epoch >= start else { return nil }
        let done = anneal > 0 ? min(1, Double(epoch - start) / Double(anneal)) : 1
        let part = (1 - cos(.pi * done)) / 2
        return rate * part + scheduled * (1 - part)
    }
}

extension StochasticAverage: CustomStringConvertible {
    package static let grammar = "start=EPOCHS,every=1,rate=X,anneal=10, all but the first optional"

    public init(parsing text: String, option: String = "--swa") throws {
        var parts = try CompactText(text, option: option, named: false, grammar: Self.grammar)
        let counts = 0...Int(Int32.max)
        start = try parts.require("start", "a number of epochs") { counts.contains($0) }
        every = try parts.take("every", "a positive number of epochs") { $0 > 0 && counts.contains($0) } ?? every
        rate = try parts.take("rate", "a positive learning rate", where: Requirement.positive.holds)
        let length: Int? = try parts.take("anneal", "a number of epochs") { counts.contains($0) }
        if length != nil, rate == nil { throw parts.problem("anneal says how the rate gets to rate=X; give both") }
        anneal = length ?? anneal
        try parts.finish()
    }

    public var description: String {
        "start=\(start),every=\(every)" + (rate.map { ",rate=\($0),anneal=\(anneal)" } ?? "")
    }
}
