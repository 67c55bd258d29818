/// What makes the model of a run out of the weights that are trained.
public enum WeightAverage: Hashable, Sendable {
    case exponential(ExponentialAverage)
    case stochastic(StochasticAverage)

    /// Whether there is an average once so many epochs have ended.
    public func exists(afterEpochs epochs: Int) -> Bool {
        switch self {
        case .exponential: true
        case .stochastic(let average): average.models(before: epochs) > 0
        }
    }
}
