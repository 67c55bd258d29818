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
    /// With `cycles`, the rate rises again behind each length, to where a decay of so many lengths would be.
    case polynomial(length: ScheduleTime?, power: Double, final: Double, cycles: Bool)
    /// Half a cosine from base to `final`, and `final` afterwards (Loshchilov and Hutter, 2016, without restarts).
    case cosine(length: ScheduleTime?, final: Double)
    case cosineRestarts(CosineRestarts)
    case warmUpCosine(WarmUpCosine)
    case oneCycle(OneCycle)
    /// `rates[i]` up to and with step `steps[i]` of the run (from 0), and the last rate afterwards: Keras's PiecewiseConstantDecay.
    case piecewise(steps: [Int], rates: [Double])
    /// base / (1 + decay * step): what `decay` did in older Keras optimizers. With `every`, the rate falls after each of them only,
    /// and `decay` counts them.
    case inverseTime(decay: Double, every: ScheduleTime?)

    func rate(base: Double, at time: RunTime) -> Double {
        switch self {
        case .constant:
            return base
        case .step(let every, let factor):
            return base * pow(factor, Double(every.elapsed(time) / every.count))
        case .multiStep(let at, let multiples):
            let passed = at.lastIndex { $0.elapsed(time) >= $0.count }
            return passed.map { base * multiples[$0] } ?? base
        case .exponential(let every, let factor):
            return base * pow(factor, Double(every.elapsed(time)) / Double(every.count))
        case .polynomial(let length, let power, let final, let cycles):
            let done = Self.progress(through: length ?? .epochs(time.epochs), time, cycles: cycles)
            return (base - final) * pow(1 - done, power) + final
        case .cosine(let length, let final):
            let done = Self.progress(through: length ?? .epochs(time.epochs), time)
            return (base - final) * (1 + cos(.pi * done)) / 2 + final
        case .cosineRestarts(let schedule): return schedule.rate(base: base, at: time)
        case .warmUpCosine(let schedule): return schedule.rate(base: base, at: time)
        case .oneCycle(let schedule): return schedule.rate(base: base, at: time)
        case .piecewise(let steps, let rates):
            return rates[steps.firstIndex { time.step <= $0 } ?? steps.count]
        case .inverseTime(let decay, let every):
            return base / (1 + decay * Double(every.map { $0.elapsed(time) / $0.count } ?? time.step))
        }
    }

    /// The rate of a step, from 0, of a schedule that counts in steps.
    package func rate(base: Double, step: Int) -> Double {
        rate(base: base, at: RunTime(epoch: 0, step: step, stepsPerEpoch: 1, epochs: 1))
    }

    private static func progress(through length: ScheduleTime, _ time: RunTime, cycles: Bool = false) -> Double {
        let elapsed = Double(length.elapsed(time))
        let lengths = cycles ? max(1, (elapsed / Double(length.count)).rounded(.up)) : 1
        return min(1, elapsed / (Double(length.count) * lengths))
    }

    /// The step of the run from which on the rate stays as it is, of a schedule that ends somewhere.
    func end(_ time: RunTime) -> Int? {
        switch self {
        case .polynomial(let length, _, _, cycles: false), .cosine(let length, _): length?.steps(time)
        case .warmUpCosine(let schedule): schedule.end(time)
        case .oneCycle(let schedule): schedule.end(time)
        default: nil
        }
    }

    /// Whether the rate can change inside an epoch.
    var changesWithinEpoch: Bool {
        switch self {
        case .constant: false
        case .step(let every, _), .exponential(let every, _): every.isSteps
        case .multiStep(let at, _): at.contains { $0.isSteps }
        case .polynomial(let length, _, _, _), .cosine(let length, _): length?.isSteps ?? false
        case .cosineRestarts(let schedule): schedule.first.isSteps
        case .inverseTime(_, let every): every?.isSteps ?? true
        case .warmUpCosine, .oneCycle, .piecewise: true
        }
    }

    /// Whether a run of another number of epochs would go another way.
    public var dependsOnEpochs: Bool {
        switch self {
        case .polynomial(nil, _, _, _), .cosine(nil, _): true
        case .warmUpCosine(let schedule): schedule.length == nil
        case .oneCycle(let schedule): schedule.length == nil
        default: false
        }
    }

    /// Whether it begins with a warm-up of its own.
    public var warmsUp: Bool {
        switch self {
        case .warmUpCosine, .oneCycle: true
        default: false
        }
    }

    /// The rate it begins with, of a schedule that has rates of its own, whatever the base rate is.
    public var ownRate: Double? {
        if case .piecewise(_, let rates) = self { rates[0] } else { nil }
    }
}
