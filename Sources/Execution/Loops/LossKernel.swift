import Models
import Basics

/// The loss and the metrics of a shard's outputs, row-major [rows, width]. Sums over samples: the division by the true
/// batch size comes once, after the reduction. With a gradient, that is in training, a loss that is not finite is an error.
struct LossKernel {
    let row: LossRow
    let targets: TargetKind
    let rows: Int
    /// Of an auxiliary output, whose loss is added to that of the network's own; nil for that one.
    let auxiliaryWeight: Float?
    let answers: AnswerRule

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
                if answers.answer(x) == label { total.correct += 1 }
                if answers.ranks(label, of: x, among: 5) { total.correctInTop5 += 1 }
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
}
