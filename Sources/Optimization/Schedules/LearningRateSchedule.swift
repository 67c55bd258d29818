import Glibc

/// How the learning rate goes over the run: a pure function of epoch and step, both from 0.
public enum LearningRateSchedule: Hashable, Sendable {
    case constant
    /// The rate times `factor` after every `every`.
    case step(every: ScheduleTime, factor: Double)
    /// From `at[i]` on, the base rate times `multiples[i]`.
    case multiStep(at: [ScheduleTime], multiples: [Double])
    /// base * factor^(t / every): the smooth form of `step`.
    case exponential(every: ScheduleTime, factor: Double)
    /// (base - final) * (1 - t / length)^power + final, and `final` afterwards. Without a length, the whole run.
    case polynomial(length: ScheduleTime?, power: Double, final: Double)
    /// Half a cosine from base to `final`, and `final` afterwards (Loshchilov and Hutter, 2016, without restarts).
    case cosine(length: ScheduleTime?, final: Double)
    /// base / (1 + decay * step): what `decay` did in older Keras optimizers.
    case inverseTime(decay: Double)

    /// The learning rate at a step of the run. `epochs` is the length of a run.
    func rate(base: Double, epoch: Int, step: Int, epochs: Int) -> Double {
        switch self {
        case .constant:
            return base
        case .step(let every, let factor):
            return base * pow(factor, Double(every.elapsed(epoch: epoch, step: step) / every.count))
        case .multiStep(let at, let multiples):
            let passed = at.lastIndex { $0.elapsed(epoch: epoch, step: step) >= $0.count }
            return passed.map { base * multiples[$0] } ?? base
        case .exponential(let every, let factor):
            return base * pow(factor, Double(every.elapsed(epoch: epoch, step: step)) / Double(every.count))
        case .polynomial(let length, let power, let final):
            let done = Self.progress(through: length ?? .epochs(epochs), epoch: epoch, step: step)
            return (base - final) * pow(1 - done, power) + final
        case .cosine(let length, let final):
            let done = Self.progress(through: length ?? .epochs(epochs), epoch: epoch, step: step)
            return (base - final) * (1 + cos(.pi * done)) / 2 + final
        case .inverseTime(let decay):
            return base / (1 + decay * Double(step))
        }
    }

    private static func progress(through length: ScheduleTime, epoch: Int, step: Int) -> Double {
        min(1, Double(length.elapsed(epoch: epoch, step: step)) / Double(length.count))
    }

    /// Whether the rate can change inside an epoch.
    var changesWithinEpoch: Bool {
        switch self {
        case .constant: false
        case .step(let every, _), .exponential(let every, _): every.isSteps
        case .multiStep(let at, _): at.contains { $0.isSteps }
        case .polynomial(let length, _, _), .cosine(let length, _): length?.isSteps ?? false
        case .inverseTime: true
        }
    }

    /// Whether a run of another number of epochs would go another way.
    public var dependsOnEpochs: Bool {
        switch self {
        case .polynomial(nil, _, _), .cosine(nil, _): true
        default: false
        }
    }
}
