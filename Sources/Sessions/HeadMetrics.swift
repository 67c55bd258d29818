import Execution
import Models
import Reduction

/// What is measured of each output of a network with several, under Keras's names: `digit_loss`, `digit_accuracy`.
package struct HeadMetrics: Sendable {
    /// The output.
    package let name: String
    /// What there is to be right about in a sample; 0 for regression.
    private let decisions: Int

    /// Empty for a loss of one output. `kind` is that of the targets.
    package static func all(of network: Network, _ loss: Loss, _ kind: TargetKind) -> [HeadMetrics] {
        guard case .row(let kinds) = kind else { return [] }
        return zip(zip(loss.heads, kinds), network.heads).map { head, node in
            HeadMetrics(name: head.0.name, decisions: head.1.decisions(outputs: network.shapes[node].count))
        }
    }

    package var names: [String] { ["\(name)_loss"] + (decisions > 0 ? ["\(name)_accuracy"] : []) }

    /// Loss and accuracy, of which regression has none.
    package func means(of sums: MetricSums.Head, samples: Int) -> (loss: Double, accuracy: Double?) {
        let count = Double(max(samples, 1))
        return (sums.loss / count, decisions > 0 ? Double(sums.correct) / count / Double(decisions) : nil)
    }

    /// The same by name.
    package func values(of sums: MetricSums.Head, samples: Int) -> [String: Double] {
        let (loss, accuracy) = means(of: sums, samples: samples)
        return Dictionary(uniqueKeysWithValues: zip(names, [loss, accuracy ?? 0]))
    }
}
