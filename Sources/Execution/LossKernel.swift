import Models
import NumericCore

/// The loss and the metrics of a shard's outputs, row-major [rows, width]. Sums over samples: the division by the true
/// batch size comes once, after the reduction. With a gradient, that is in training, a loss that is not finite is an error.
struct LossKernel {
    let row: LossRow
    let targets: TargetKind
    let rows: Int
    /// Of an auxiliary output, whose loss is added to that of the network's own; nil for that one.
    let auxiliaryWeight: Float?
    let decision: Network.Decision

    var width: Int { row.width }

    func run(
        _ outputs: UnsafePointer<Float>, _ targets: UnsafeRawPointer, gradient: UnsafeMutablePointer<Float>?,
        _ metrics: UnsafeMutablePointer<ShardMetrics>
    ) throws(NonFiniteLoss) {
        var total = ShardMetrics()
        for row in 0..<rows {
            let x = outputs + row * width
            let g = gradient.map { $0 + row * width }
            switch self.targets {
            case .label:
                let label = Int(targets.assumingMemoryBound(to: Int32.self)[row])
                total.loss += self.row.loss(x, label: label, g)
                count(x, label, &total)
            case .values:
                total.loss += self.row.loss(x, values: targets.assumingMemoryBound(to: Float.self) + row * width, g)
            }
        }
        if gradient != nil, !total.loss.isFinite { throw NonFiniteLoss(loss: total.loss) }
        guard let auxiliaryWeight else {
            metrics.pointee = total
            return
        }
        metrics.pointee.loss += Double(auxiliaryWeight) * total.loss
        if let gradient { for i in 0..<rows * width { gradient[i] *= auxiliaryWeight } }
    }

    /// One output is a yes or no; of several the label's must win, and of equal ones the first does.
    private func count(_ x: UnsafePointer<Float>, _ label: Int, _ total: inout ShardMetrics) {
        if width == 1 {
            let yes = x[0] > row.threshold
            if yes == (label == 1) { total.correct += 1 }
            total.correctInTop5 += 1
            return
        }
        let sign: Float = decision == .largest ? 1 : -1
        var better = 0
        for i in 0..<width where sign * x[i] > sign * x[label] || (i < label && x[i] == x[label]) { better += 1 }
        // Nothing compares with a NaN: such an output is right about nothing.
        guard x[label] == x[label] else { return }
        if better == 0 { total.correct += 1 }
        if better < 5 { total.correctInTop5 += 1 }
    }
}
