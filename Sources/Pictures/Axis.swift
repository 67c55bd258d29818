import Basics
import Glibc

/// Where values lie between the ends of an axis, and which of them are marked.
struct Axis {
    enum Scale { case linear, logarithmic }

    let scale: Scale
    let low: Double
    let high: Double
    let ticks: [Double]

    /// An axis that shows `values`, from the mark below the smallest to the one above the largest; of a logarithmic one only
    /// values above zero count. `step`: marks are whole multiples of it.
    init(_ values: [Double], _ scale: Scale = .linear, marks: Int, step smallest: Double = 0) {
        self.scale = scale
        let shown = values.filter { abs($0) < 1e300 && (scale == .linear || $0 > 0) }
        let (least, most) = (shown.min() ?? 1, shown.max() ?? 1)
        switch scale {
        case .linear:
            let range = most > least ? most - least : max(abs(least), 1e-300)
            let step = max(Self.niceStep(range / Double(marks)), smallest)
            // A value that stays the same goes through the middle.
            let margin = most > least ? 0.0 : 1
            let first = (least / step).rounded(.down) - margin
            let last = max(first + 1, (most / step).rounded(.up) + margin)
            ticks = stride(from: first, through: last, by: 1).map { $0 * step }
        case .logarithmic:
            let first = log10(least).rounded(.down)
            let last = max(first + 1, log10(most).rounded(.up))
            let step = max(1, ((last - first) / Double(marks)).rounded(.up))
            ticks = stride(from: first, through: last + step - 1, by: step).map { pow(10, $0) }
        }
        (low, high) = (ticks[0], ticks[ticks.count - 1])
    }

    /// 1, 2 or 5 times a power of ten, not below `rough`.
    private static func niceStep(_ rough: Double) -> Double {
        let power = pow(10, log10(rough).rounded(.down))
        return [1, 2, 5].map { $0 * power }.first { $0 >= rough * (1 - 1e-9) } ?? 10 * power
    }

    /// 0 at the low end, 1 at the high one; nil for what the axis cannot show.
    func position(of value: Double) -> Double? {
        guard abs(value) < 1e300 else { return nil }
        switch scale {
        case .linear: return (value - low) / (high - low)
        case .logarithmic: return value > 0 ? log10(value / low) / log10(high / low) : nil
        }
    }

    static func label(_ tick: Double) -> String { .formatted("%.6g", tick) }
}
