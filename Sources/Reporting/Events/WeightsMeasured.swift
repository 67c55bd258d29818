import Basics

/// How the weights are distributed, at the end of epochs 1, 2, 4, 8 and so on.
public struct WeightsMeasured: Sendable {
    /// Steps of the run done.
    public let step: Int
    /// By the parameter's path, in the network's order.
    public let histograms: [(name: String, histogram: Histogram)]

    package init(step: Int, histograms: [(name: String, histogram: Histogram)]) {
        (self.step, self.histograms) = (step, histograms)
    }

    /// Whether weights are measured after so many epochs. Weights change most in the first ones.
    package static func isDue(afterEpochs epochs: Int) -> Bool { epochs > 0 && epochs & (epochs - 1) == 0 }
}
