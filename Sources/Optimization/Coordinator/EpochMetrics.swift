/// What the coordinator decides by: means over an epoch's samples, from sums and counts over all ranks.
public struct EpochMetrics: Hashable, Sendable, Codable {
    public struct Means: Hashable, Sendable, Codable {
        public var loss: Double
        /// Nil for regression.
        public var accuracy: Double?
        /// The mean absolute error over samples and outputs, and the root of the mean squared one; nil for classes.
        public var mae: Double?
        public var rmse: Double?

        public init(loss: Double, accuracy: Double? = nil, mae: Double? = nil, rmse: Double? = nil) {
            (self.loss, self.accuracy, self.mae, self.rmse) = (loss, accuracy, mae, rmse)
        }

        /// Those that there are, by name.
        public var values: [(name: String, value: Double)] {
            let all = [("loss", loss), ("accuracy", accuracy), ("mae", mae), ("rmse", rmse)]
            return all.compactMap { name, value in value.map { (name, $0) } }
        }

        public subscript(name: some StringProtocol) -> Double? { values.first { $0.name == name }?.value }
    }

    /// From 0.
    public var epoch: Int
    public var training: Means
    /// Of the model's weights.
    public var validation: Means?
    /// Metrics of validation that are computed where a rule monitors them, by name: see `ScoreMetric`.
    public var scores: [String: Double] = [:]
    /// Of the weights that are trained, in a run whose model has their average.
    public var rawValidation: Means?

    public init(epoch: Int, training: Means, validation: Means? = nil, rawValidation: Means? = nil) {
        self.rawValidation = rawValidation
        self.epoch = epoch
        self.training = training
        self.validation = validation
    }

    /// A metric by Keras's name for it: `loss`, `accuracy`, `mae`, `rmse`; the same with `val_` and `raw_val_`; a score.
    public subscript(name: String) -> Double? {
        for (prefix, means) in [("", training), ("val_", validation), ("raw_val_", rawValidation)]
        where name.hasPrefix(prefix) {
            if let value = means?[name.dropFirst(prefix.count)] { return value }
        }
        return scores[name]
    }

    /// The names a run will have values for. Without accuracy it is regression.
    public static func names(
        accuracy: Bool, errors: Bool, validation: Bool, averages: Bool = false, scores: Bool = false
    ) -> [String] {
        let means = ["loss"] + (accuracy ? ["accuracy"] : []) + (errors ? ["mae", "rmse"] : [])
        return means + (validation ? means.map { "val_" + $0 } : [])
            + (validation && averages ? means.map { "raw_val_" + $0 } : [])
            + (validation && scores ? ScoreMetric.allCases.map(\.name) : [])
    }
}
