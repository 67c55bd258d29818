/// After a step that was not finite the run has gone back to the start of the epoch.
public struct RolledBack: Sendable, Equatable {
    /// From 0.
    public let epoch: Int
    /// Steps of the run done, before and after.
    public let abandonedStep: Int
    public let step: Int
    /// How often the run has gone back, this time included.
    public let rollbacks: Int
    /// The rate of the epoch's next step.
    public let learningRate: Float
    /// Why, and what follows from it.
    public let messages: [String]

    package init(
        epoch: Int, abandonedStep: Int, step: Int, rollbacks: Int, learningRate: Float, messages: [String]
    ) {
        (self.epoch, self.abandonedStep, self.step) = (epoch, abandonedStep, step)
        (self.rollbacks, self.learningRate, self.messages) = (rollbacks, learningRate, messages)
    }
}
