import Basics
import Glibc

/// Keras's warm-up: the rate rises linearly from `start`, which the first step has, to the base rate, and half a cosine follows.
/// Counted in steps. Source: `CosineDecay` with `warmup_target` and `warmup_steps` in
/// keras/src/optimizers/schedules/learning_rate_schedule.py.
public struct WarmUpCosine: Hashable, Sendable {
    public var warmUp: ScheduleTime
    /// Of the cosine; the rest of the run if it is nil.
    public var length: ScheduleTime?
    public var start = 0.0
    public var final = 0.0

    func rate(base: Double, at time: RunTime) -> Double {
        let warm = warmUp.steps(time)
        if time.step < warm { return start + (base - start) * Double(time.step) / Double(warm) }
        let done = min(1, Double(time.step - warm) / Double(max(1, end(time) - warm)))
        return (base - final) * (1 + cos(.pi * done)) / 2 + final
    }

    /// The step at which the cosine has ended.
    func end(_ time: RunTime) -> Int { length.map { warmUp.steps(time) + $0.steps(time) } ?? time.steps }
}

extension WarmUpCosine {
    static let grammar = "warmup-cosine:warmup=5,epochs=85,start=0,final=0"

    init(_ parts: inout CompactText) throws {
        warmUp = try parts.time("warmup")
        length = try parts.length()
        start = try parts.take("start", "a learning rate of at least 0", where: Requirement.notNegative.holds) ?? start
        final = try parts.finalRate()
    }

    var text: String { "warmup-cosine:warmup=\(warmUp),\(length.lengthText)start=\(start),final=\(final)" }
}
