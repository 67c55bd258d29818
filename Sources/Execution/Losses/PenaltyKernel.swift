import Models

/// The penalty of a layer's outputs for a shard, which is added to its loss, and the gradient. Like the loss it is a sum over
/// samples, so the mean over the batch follows from the same division.
struct PenaltyKernel {
    let penalty: ActivityPenalty
    /// Elements of all samples together.
    let count: Int

    /// In training (with a gradient) a penalty that is not finite is an error.
    func run(
        _ values: UnsafePointer<Float>, gradient: UnsafeMutablePointer<Float>?,
        _ metrics: UnsafeMutablePointer<ShardMetrics>
    ) throws(NonFiniteLoss) {
        var (magnitudes, squares) = (0.0, 0.0)
        for i in 0..<count {
            let value = Double(values[i])
            magnitudes += abs(value)
            squares += value * value
        }
        let total = Double(penalty.l1) * magnitudes + Double(penalty.l2) * squares
        if gradient != nil, !total.isFinite { throw NonFiniteLoss(loss: total) }
        metrics.pointee.loss += total
        guard let gradient else { return }
        for i in 0..<count {
            let sign: Float = values[i] > 0 ? 1 : values[i] < 0 ? -1 : 0
            gradient[i] = penalty.l1 * sign + 2 * penalty.l2 * values[i]
        }
    }
}
