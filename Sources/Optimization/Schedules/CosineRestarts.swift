import Basics
import Glibc

/// Half cosines one behind the other, each `lengthFactor` times as long as the one before, and from a peak that is `peakFactor` times
/// as high (Loshchilov and Hutter, 2016). Source: `CosineDecayRestarts` in
/// keras/src/optimizers/schedules/learning_rate_schedule.py.
public struct CosineRestarts: Hashable, Sendable {
    /// Of the first half cosine.
    public var first: ScheduleTime
    /// At least 1.
    public var lengthFactor = 2.0
    public var peakFactor = 1.0
    public var final = 0.0

    func rate(base: Double, at time: RunTime) -> Double {
        let cycles = Double(first.elapsed(time)) / Double(first.count)
        let (restarts, done) = position(cycles)
        let height = (1 + cos(.pi * done)) / 2
        // A peak that grows without end must not become infinite: times a height of 0 it would be no number.
        let peak = min(pow(peakFactor, Double(restarts)), 1e30)
        return (base - final) * peak * height + final
    }

    /// How often the cosine has begun anew, and what part of the present one is done. `cycles` is the time in lengths of the first.
    private func position(_ cycles: Double) -> (restarts: Int, done: Double) {
        if lengthFactor == 1 { return (Int(cycles), cycles - cycles.rounded(.down)) }
        let start = { (cycle: Int) in (pow(lengthFactor, Double(cycle)) - 1) / (lengthFactor - 1) }
        var restarts = max(0, Int(log(1 + cycles * (lengthFactor - 1)) / log(lengthFactor)))
        // The logarithm may lie on either side of a whole number.
        while start(restarts + 1) <= cycles { restarts += 1 }
        while restarts > 0, start(restarts) > cycles { restarts -= 1 }
        return (restarts, min(1, (cycles - start(restarts)) / pow(lengthFactor, Double(restarts))))
    }
}

extension CosineRestarts {
    static let grammar = "cosine-restarts:first=10,length-factor=2,peak-factor=1,final=0"

    init(_ parts: inout CompactText) throws {
        first = try parts.time("first")
        lengthFactor =
            try parts.take("length-factor", "a number of at least 1") { $0 >= 1 && $0 <= 1e6 } ?? lengthFactor
        peakFactor =
            try parts.take("peak-factor", "a positive number up to 1000") { Float($0) > 0 && $0 <= 1000 } ?? peakFactor
        final = try parts.finalRate()
    }

    var text: String {
        "cosine-restarts:first=\(first),length-factor=\(lengthFactor),peak-factor=\(peakFactor),final=\(final)"
    }
}
