import Datasets
import Execution
import Models

/// Loss and metrics of outputs that are in memory, summed over samples.
struct OutputSums {
    private(set) var loss = 0.0
    private(set) var correct = 0
    private(set) var correctInTop5 = 0

    /// `outputs`: [N, width] of the network, with its activation.
    init(_ outputs: [Float], _ network: Network, _ loss: Loss, _ targets: Targets) throws {
        let width = network.outputShape.count
        let row = OutputRow(loss, width: width, network.decision)
        outputs.withUnsafeBufferPointer { outputs in
            guard let all = outputs.baseAddress else { return }
            for sample in 0..<outputs.count / width {
                let x = all + sample * width
                switch targets {
                case .labels(let labels):
                    let label = Int(labels[sample])
                    self.loss += row.loss(x, label: label)
                    if row.rule.prediction(x) == label { correct += 1 }
                    if row.rule.ranks(label, of: x, among: 5) { correctInTop5 += 1 }
                case .targets(let values, _):
                    values.withUnsafeBufferPointer { values in
                        if let first = values.baseAddress { self.loss += row.loss(x, values: first + sample * width) }
                    }
                case .none: break
                }
            }
        }
    }
}
