import Basics

/// An optimizer as Keras saves it.
public struct OptimizerState: Sendable, Equatable {
    /// One value for each value of the trainable parameters: a momentum, a velocity.
    public struct Slot: Sendable, Equatable {
        /// Keras's name: `momentum`, `velocity`, `accumulator`.
        public var name: String
        /// One array a trainable parameter, in the network's order.
        public var values: [[Float]]

        public init(name: String, values: [[Float]]) {
            self.name = name
            self.values = values
        }
    }

    /// The class in `keras.optimizers`, such as `RMSprop`.
    public var kerasClass: String
    /// Its `get_config()`, with `name` and the `learning_rate` it began with.
    public var configuration: [String: JSONValue]
    /// The rate in force.
    public var learningRate: Double
    /// Updates made.
    public var iteration: Int
    /// In Keras's order.
    public var slots: [Slot]

    public init(
        kerasClass: String, configuration: [String: JSONValue], learningRate: Double, iteration: Int = 0,
        slots: [Slot] = []
    ) {
        self.kerasClass = kerasClass
        self.configuration = configuration
        self.learningRate = learningRate
        self.iteration = iteration
        self.slots = slots
    }
}
