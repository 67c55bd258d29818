/// What the coordinator decides by: means over an epoch's samples, from sums and counts over all ranks.
public struct EpochMetrics: Hashable, Sendable, Codable {
    public struct Means: Hashable, Sendable, Codable {
        public var loss: Double
        /// Nil for networks without classes.
        public var accuracy: Double?

        public init(loss: Double, accuracy: Double? = nil) {
            self.loss = loss
            self.accuracy = accuracy
        }
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

    /// A metric by Keras's name for it: `loss`, `accuracy`, `val_loss`, `val_accuracy`; `raw_val_loss`, `raw_val_accuracy`.
    public subscript(name: String) -> Double? {
        switch name {
        case "loss": training.loss
        case "accuracy": training.accuracy
        case "val_loss": validation?.loss
        case "val_accuracy": validation?.accuracy
        case "raw_val_loss": rawValidation?.loss
        case "raw_val_accuracy": rawValidation?.accuracy
        default: scores[name]
        }
    }

    /// The names a run will have values for.
    public static func names(accuracy: Bool, validation: Bool, averages: Bool = false, scores: Bool = false)
        -> [String]
    {
        let means = accuracy ? ["loss", "accuracy"] : ["loss"]
        return means + (validation ? means.map { "val_" + $0 } : [])
            + (validation && averages ? means.map { "raw_val_" + $0 } : [])
            + (validation && scores ? ScoreMetric.allCases.map(\.name) : [])
    }
}
