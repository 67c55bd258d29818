import Reduction

/// What the validation samples of a run with classes were taken for, at a `Milestone`.
public struct ConfusionMeasured: Sendable {
    /// Steps of the run done.
    public let step: Int
    public let matrix: ConfusionMatrix

    package init(step: Int, matrix: ConfusionMatrix) {
        (self.step, self.matrix) = (step, matrix)
    }
}
