/// One more batch has been validated on.
public struct ValidationProgress: Sendable, Equatable {
    /// From 0.
    public let epoch: Int
    /// Batches done, this one included.
    public let step: Int
    /// Batches that are validated on.
    public let steps: Int

    package init(epoch: Int, step: Int, steps: Int) {
        (self.epoch, self.step, self.steps) = (epoch, step, steps)
    }
}
