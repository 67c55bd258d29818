import Basics

/// How the weights are distributed, at a `Milestone`.
public struct WeightsMeasured: Sendable {
    /// Steps of the run done.
    public let step: Int
    /// By the parameter's path, in the network's order.
    public let histograms: [(name: String, histogram: Histogram)]

    package init(step: Int, histograms: [(name: String, histogram: Histogram)]) {
        (self.step, self.histograms) = (step, histograms)
    }
}
