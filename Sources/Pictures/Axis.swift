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
        let shown = Self.usual(values.filter { abs($0) < 1e300 && (scale == .linear || $0 > 0) }, scale)
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

    /// Without the few values that lie so far off that all others would lie on one line.
    private static func usual(_ values: [Double], _ scale: Scale) -> [Double] {
        let most = 10.0
        guard scale == .linear, values.count >= Int(most) else { return values }
        let sorted = values.sorted()
        let few = max(1, values.count / 50)
        let (low, high) = (sorted[few], sorted[sorted.count - 1 - few])
        let reach = high - low
        guard reach > 0, sorted[sorted.count - 1] - sorted[0] > most * reach else { return values }
        return values.filter { (low - reach...high + reach).contains($0) }
    }

    /// 1, 2 or 5 times a power of ten, not below `rough`.
    private static func niceStep(_ rough: Double) -> Double {
        let power = pow(10, log10(rough).rounded(.down))
        return [1, 2, 5].map { $0 * power }.first { $0 >= rough * (1 - 1e-9) } ?? 10 * power
    }

    /// 0 at the low end, 1 at the high one; values beyond an end lie a little beyond it. Nil for what the axis cannot show.
    func position(of value: Double) -> Double? {
        guard abs(value) < 1e300 else { return nil }
        switch scale {
        case .linear: return min(max((value - low) / (high - low), -Self.beyond), 1 + Self.beyond)
        case .logarithmic: return value > 0 ? log10(value / low) / log10(high / low) : nil
        }
    }

    private static let beyond = 0.04

    static func label(_ tick: Double) -> String { .formatted("%.6g", tick) }
}
