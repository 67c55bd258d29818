import Optimization

/// How a sweep stops bad runs early: all runs train for a few epochs, the better ones for some more, and so on; only the last ones
/// train to their end. Jamieson and Talwalkar, "Non-stochastic best arm identification and hyperparameter optimization", 2016.
public struct SuccessiveHalving: Sendable, Equatable {
    /// One of so many runs goes on, and so many times as many epochs come next.
    public let factor: Int
    /// Epochs after which runs are first compared.
    public let first: Int

    public init(factor: Int, first: Int) {
        precondition(factor > 1 && first > 0, "a part of the runs, after some epochs")
        (self.factor, self.first) = (factor, first)
    }

    /// The epochs after which runs are compared, and the last of all.
    public func rungs(epochs: Int) -> [Int] {
        var rungs: [Int] = []
        var next = first
        while next < epochs {
            rungs.append(next)
            let (product, overflow) = next.multipliedReportingOverflow(by: factor)
            next = overflow ? epochs : product
        }
        return rungs + [epochs]
    }

    /// Which of the runs go on, by their place. `values`: the best that each has come to; nil for a run that has failed, which
    /// never goes on. Of equal ones the first goes on.
    public func survivors(of values: [Double?], by monitor: Monitor) -> [Int] {
        let ranked = values.indices.filter { values[$0] != nil }.sorted { first, second in
            let (a, b) = (values[first] ?? .nan, values[second] ?? .nan)
            if monitor.isBetter(a, than: b) { return true }
            return !monitor.isBetter(b, than: a) && first < second
        }
        return ranked.prefix(max(1, values.count / factor)).sorted()
    }
}
