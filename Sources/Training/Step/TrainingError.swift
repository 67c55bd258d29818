import Basics
import DataPipeline
import Execution

/// An error that stops a run while it trains.
public struct TrainingError: Error, Sendable, CustomStringConvertible {
    public let description: String

    public init(_ description: String) { self.description = description }

    /// Finds the layer in which a bad loss began, and names the step, the layer, and the samples of the shard by their
    /// rows in the data, from 0. In messages steps count from 1.
    static func nonFinite(
        _ loss: Double, step: Int, _ plan: BoundPlan, _ context: StepContext, _ samples: ShardBatch
    ) throws -> TrainingError {
        let cause: String
        if !plan.inputIsFinite {
            cause = "the input holds values that are not finite; see `dptrain data inspect`, or --on-nan skip"
        } else if let layer = try plan.firstNonFiniteLayer(context) {
            cause =
                "the first layer with a value that is not finite is \(layer); "
                + "a lower --learning-rate or a --warm-up often helps"
        } else {
            cause = "all layers are finite, so it is the loss itself that overflowed; try a lower --learning-rate"
        }
        let value = loss.isNaN ? "NaN" : "\(loss)"
        let rows = (0..<samples.count).map { samples.row($0) }.sorted().map(String.init)
        return TrainingError(
            "the loss of step \(step + 1) is \(value): \(cause). The training samples of this shard are rows "
                + "\(rows.listed(atMost: 16)). The last checkpoint is whole.")
    }
}
