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

    /// How many outputs are on the side of 0 or 1 that they should be.
    package func correct(_ x: UnsafePointer<Float>, flags: UnsafePointer<Float>) -> Int {
        (0..<rule.width).count { (x[$0] > rule.threshold ? 1 : 0) == flags[$0] }
    }
}
