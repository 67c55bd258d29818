import Basics
import Lowering
import Models

/// The loss and the metrics of a shard's outputs, row-major [rows, width]. They are sums over samples; they are divided
/// by the true batch size once, after the reduction. A sample's weight multiplies its loss and gradient, as Keras's
/// `sample_weight` does; it has no effect on the counts. In training (with a gradient) a loss that is not finite is an
/// error.
struct LossKernel {
    /// Which output of the network it is of.
    enum Part {
        case own
        /// Its loss, weighted, is added to that of the network's own output.
        case auxiliary(weight: Float)
        /// The same of a head, by its number, which has metrics of its own beside those of the network: number 0 comes first.
        case head(Int, weight: Float)
    }

    let row: LossRow
    let targets: TargetPlace
    let rows: Int
    let part: Part
    let rule: PredictionRule

    var width: Int { row.width }

    func run(
        _ outputs: UnsafePointer<Float>, _ targets: UnsafeRawPointer, _ weights: UnsafePointer<Float>? = nil,
        gradient: UnsafeMutablePointer<Float>?,
        _ metrics: UnsafeMutablePointer<ShardMetrics>
    ) throws(NonFiniteLoss) {
        var total = ShardMetrics()
        for row in 0..<rows {
            let x = outputs + row * width
            let g = gradient.map { $0 + row * width }
            let loss: Double
            switch self.targets.kind {
            case .label:
                let label = self.targets.label(targets, row)
                loss = self.row.loss(x, label: label, g)
                count(x, label, &total)
            case .shares:
                let shares = self.targets.values(targets, row)
                loss = self.row.loss(x, values: shares, g)
                var label = 0
                for i in 1..<width where shares[i] > shares[label] { label = i }
                count(x, label, &total)
            case .values, .flags:
                let values = self.targets.values(targets, row)
                loss = self.row.loss(x, values: values, g)
                if self.targets.kind == .flags {
                    for i in 0..<width where (x[i] > self.row.threshold ? 1 : 0) == values[i] { total.correct += 1 }
                } else {
                    measure(x, values, &total)
                }
            case .row: preconditionFailure("an output has targets of one kind")
            }
            total.loss += weigh(loss, g, weights?[row])
        }
        if gradient != nil, !total.loss.isFinite { throw NonFiniteLoss(loss: total.loss) }
        let weight: Float
        switch part {
        case .own:
            metrics.pointee = total
            return
        case .auxiliary(let own): weight = own
        case .head(let number, let own):
            weight = own
            metrics[1 + number] = total
            if number == 0 {
                metrics.pointee = total
                metrics.pointee.loss = 0
            }
        }
        metrics.pointee.loss += Double(weight) * total.loss
        if let gradient { for i in 0..<rows * width { gradient[i] *= weight } }
    }

    /// A sample's loss by its weight, and its gradient in place. No weight leaves both as they are.
    @inline(__always)
    private func weigh(_ loss: Double, _ gradient: UnsafeMutablePointer<Float>?, _ weight: Float?) -> Double {
        guard let weight else { return loss }
        if let gradient { for i in 0..<width { gradient[i] *= weight } }
        return Double(weight) * loss
    }

    /// Errors of outputs. Of logits there are none to speak of.
    private func measure(_ x: UnsafePointer<Float>, _ values: UnsafePointer<Float>, _ total: inout ShardMetrics) {
        guard !self.row.takesLogits else {
            (total.absoluteError, total.squaredError) = (.nan, .nan)
            return
        }
        var (absolute, squared) = (0.0, 0.0)
        for i in 0..<width {
            let error = Double(x[i]) - Double(values[i])
            absolute += abs(error)
            squared += error * error
        }
        total.absoluteError += absolute / Double(width)
        total.squaredError += squared / Double(width)
    }

    private func count(_ x: UnsafePointer<Float>, _ label: Int, _ total: inout ShardMetrics) {
        if rule.prediction(x) == label { total.correct += 1 }
        if rule.ranks(label, of: x, among: 5) { total.correctInTop5 += 1 }
    }
}

/// How a row of outputs becomes a prediction: the class whose output wins, the first one if several are equal. With one
/// output it is 1 for yes or 0 for no.
public struct PredictionRule: Sendable {
    /// Outputs a sample.
    public let width: Int
    let decision: Network.Decision
    /// A single output above this says yes.
    let threshold: Float

    init(_ row: LossRow, _ decision: Network.Decision) {
        width = row.width
        threshold = row.threshold
        self.decision = decision
    }

    /// Nil if no output is a number: such a row predicts nothing.
    public func prediction(_ x: UnsafePointer<Float>) -> Int? {
        if width == 1 { return x[0].isNaN ? nil : x[0] > threshold ? 1 : 0 }
        var best: Int?
        for i in 0..<width where !x[i].isNaN {
            if best.map({ wins(x[i], over: x[$0]) }) ?? true { best = i }
        }
        return best
    }

    /// Whether fewer than `count` outputs win over the output of `label`.
    package func ranks(_ label: Int, of x: UnsafePointer<Float>, among count: Int) -> Bool {
        guard width > 1 else { return true }
        guard !x[label].isNaN else { return false }
        var better = 0
        for i in 0..<width where wins(x[i], over: x[label]) || (i < label && x[i] == x[label]) { better += 1 }
        return better < count
    }

    private func wins(_ a: Float, over b: Float) -> Bool { decision == .largest ? a > b : a < b }
}
