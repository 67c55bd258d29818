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
    public var validation: Means?

    public init(epoch: Int, training: Means, validation: Means? = nil) {
        self.epoch = epoch
        self.training = training
        self.validation = validation
    }

    /// A metric by Keras's name for it: `loss`, `accuracy`, `val_loss`, `val_accuracy`.
    public subscript(name: String) -> Double? {
        switch name {
        case "loss": training.loss
        case "accuracy": training.accuracy
        case "val_loss": validation?.loss
        case "val_accuracy": validation?.accuracy
        default: nil
        }
    }

    /// The names a run will have values for.
    public static func names(accuracy: Bool, validation: Bool) -> [String] {
        let means = accuracy ? ["loss", "accuracy"] : ["loss"]
        return means + (validation ? means.map { "val_" + $0 } : [])
    }
}
