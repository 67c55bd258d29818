import Basics
import Glibc

/// From one number to another that is not smaller, written `0.08:1`, or as one number where both are the same.
public struct Interval: Sendable, Equatable, LosslessStringConvertible {
    public let low: Float
    public let high: Float

    init(_ range: ClosedRange<Float>) { (low, high) = (range.lowerBound, range.upperBound) }

    public init?(_ text: String) {
        let parts = text.split(separator: ":", omittingEmptySubsequences: false).map { Float($0) }
        guard (1...2).contains(parts.count), let low = parts[0], let high = parts[parts.count - 1], low.isFinite,
            high.isFinite, low <= high
        else { return nil }
        (self.low, self.high) = (low, high)
    }

    public var description: String {
        low == high ? ValueRange.text(low) : "\(ValueRange.text(low)):\(ValueRange.text(high))"
    }
}

/// Factors that are drawn from a range: `0.2` is `0.8:1.2`, and `0.2:0.2` is always 0.2.
struct Factors: LosslessStringConvertible {
    let range: Interval
    let description: String

    private init(_ range: Interval, _ description: String) { (self.range, self.description) = (range, description) }

    init(around reach: Float) { self.init(Interval(1 - reach...1 + reach), ValueRange.text(reach)) }

    init?(_ text: String) {
        guard let given = Interval(text) else { return nil }
        if given.low == given.high, given.low >= 0, given.low <= 1, !text.contains(":") {
            self.init(around: given.low)
        } else {
            self.init(given, "\(ValueRange.text(given.low)):\(ValueRange.text(given.high))")
        }
    }
}

extension CounterRandom {
    /// Uniform from `low` to below `high`.
    func uniform(_ index: UInt64, in interval: Interval) -> Float {
        interval.low + (interval.high - interval.low) * uniform(index)
    }

    /// Uniform in logarithm, for ratios.
    func logarithmic(_ index: UInt64, in interval: Interval) -> Float {
        let (low, high) = (logf(interval.low), logf(interval.high))
        return expf(low + (high - low) * uniform(index))
    }
}

/// The values that stand for 0 and for 1, written `0:4095`.
public struct ValueRange: Sendable, Equatable, LosslessStringConvertible {
    public let low: Float
    public let high: Float

    /// Of uint16.
    package static let sixteenBits = ValueRange(low: 0, high: 65535)

    private init(low: Float, high: Float) { (self.low, self.high) = (low, high) }

    public init?(_ text: String) {
        let parts = text.split(separator: ":", omittingEmptySubsequences: false).map { Float($0) }
        guard parts.count == 2, let low = parts[0], let high = parts[1], (high - low).isFinite, low < high
        else { return nil }
        self.init(low: low, high: high)
    }

    public var description: String { "\(Self.text(low)):\(Self.text(high))" }

    /// Whole numbers without a decimal point.
    package static func text(_ value: Float) -> String { Int32(exactly: value).map { "\($0)" } ?? "\(value)" }
}
