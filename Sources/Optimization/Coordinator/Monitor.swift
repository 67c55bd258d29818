import Basics

/// Which metric a rule watches and what it takes for an improvement.
/// Source: keras/src/callbacks/monitor_callback.py.
public struct Monitor: Hashable, Sendable {
    public enum Mode: String, Sendable, LosslessStringConvertible {
        case auto, min, max

        public init?(_ description: String) { self.init(rawValue: description) }
        public var description: String { rawValue }
    }

    public var metric: String
    public var mode: Mode
    /// At least 0. A change that is not larger is no improvement.
    public var minDelta: Double

    public init(metric: String = "val_loss", mode: Mode = .auto, minDelta: Double = 0) {
        self.metric = metric
        self.mode = mode
        self.minDelta = minDelta
    }

    /// Any finite value improves on no best value yet. NaN and infinities improve on nothing; Keras takes them where they
    /// come first, and then nothing improves on NaN. Compared as Float, as Keras does: what differs by less than a Float
    /// can hold is no improvement.
    func isImprovement(_ current: Double, over best: Double?) -> Bool {
        guard current.isFinite else { return false }
        guard let best else { return true }
        return direction == .max ? Float(current - minDelta) > Float(best) : Float(current + minDelta) < Float(best)
    }

    /// What a run's log may call the metric: as `resolved` looks for it.
    package var names: [String] {
        [metric, "val_" + metric] + (metric.hasPrefix("val_") ? [String(metric.dropFirst(4))] : [])
    }

    /// The same between two runs, where any difference counts.
    package func isBetter(_ value: Double, than other: Double) -> Bool {
        Monitor(metric: metric, mode: mode).isImprovement(value, over: other)
    }

    private var direction: Mode {
        guard mode == .auto else { return mode }
        return ["accuracy", "top5", "f1", "auc"].contains(where: metric.hasSuffix) ? .max : .min
    }

    /// This monitor, or the one it falls back to in a run without validation, with a warning that says so.
    func resolved(for rule: String, among metrics: [String]) throws -> (monitor: Monitor, warning: String?) {
        if metrics.contains(metric) { return (self, nil) }
        if metrics.contains("val_" + metric) {
            var monitor = self
            monitor.metric = "val_" + metric
            return (monitor, nil)
        }
        let fallback = metric.hasPrefix("val_") ? String(metric.dropFirst(4)) : ""
        guard metrics.contains(fallback) else {
            throw OptionError(
                rule, "there is no metric \(metric) in this run; monitor one of \(metrics.joined(separator: ", "))")
        }
        var monitor = self
        monitor.metric = fallback
        return (monitor, "\(rule) watches \(fallback), since without validation data there is no \(metric)")
    }

    static let grammar = "monitor=val_loss,mode=auto|min|max"

    /// Reads the settings that all rules share.
    init(_ parts: inout CompactText, minDelta: Double?) throws {
        metric = parts.take("monitor") ?? "val_loss"
        mode = try parts.take("mode", "auto, min or max") ?? .auto
        self.minDelta =
            try minDelta.flatMap { standard in
                try parts.take("min-delta", "a number of at least 0", where: Requirement.notNegative.holds) ?? standard
            } ?? 0
    }

    var settings: String { "monitor=\(metric),mode=\(mode)" }
}
