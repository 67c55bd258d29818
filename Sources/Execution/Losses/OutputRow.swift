import Models

/// The loss and the prediction of a row of outputs that no plan computes: the mean of several.
package struct OutputRow {
    private let row: LossRow
    package let rule: PredictionRule

    /// The outputs have their activation; those of a cross-entropy are logits only if the loss says so.
    package init(_ loss: Loss, width: Int, _ decision: Network.Decision) {
        row = LossRow(loss, width: width, takesLogits: loss.isFromLogits)
        rule = PredictionRule(row, decision)
    }

    package func loss(_ x: UnsafePointer<Float>, label: Int) -> Double { row.loss(x, label: label, nil) }

    package func loss(_ x: UnsafePointer<Float>, values: UnsafePointer<Float>) -> Double {
        row.loss(x, values: values, nil)
    }
}
