import Execution

/// An error that stops a run while it trains.
public struct TrainingError: Error, Sendable, CustomStringConvertible {
    public let description: String

    public init(_ description: String) { self.description = description }

    /// Finds the layer in which a bad loss began, and names the step and the layer. In messages steps count from 1.
    static func nonFinite(
        _ loss: Double, step: Int, _ plan: BoundPlan, _ context: StepContext
    ) throws -> TrainingError {
        let cause: String
        if !plan.inputIsFinite {
            cause = "the input holds values that are not finite; see `dptrain data inspect`"
        } else if let layer = try plan.firstNonFiniteLayer(context) {
            cause =
                "the first layer with a value that is not finite is \(layer); "
                + "a lower --learning-rate or a --warm-up often helps"
        } else {
            cause = "all layers are finite, so it is the loss itself that overflowed; try a lower --learning-rate"
        }
        let value = loss.isNaN ? "NaN" : "\(loss)"
        return TrainingError("the loss of step \(step + 1) is \(value): \(cause). The last checkpoint is whole.")
    }
}
