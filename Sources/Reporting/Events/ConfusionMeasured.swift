import Reduction

/// What the validation samples of a run with classes were taken for, at a `Milestone`.
public struct ConfusionMeasured: Sendable {
    /// Steps of the run done.
    public let step: Int
    /// Which of several outputs takes them for it; nil where there is one.
    public let output: String?
    public let matrix: ConfusionMatrix

    package init(step: Int, output: String? = nil, matrix: ConfusionMatrix) {
        (self.step, self.output, self.matrix) = (step, output, matrix)
    }
}
