import Execution
import Models

/// An output that has targets: where it stands in rows of outputs and of targets, and what it learns from them.
package struct OutputPlace: Sendable {
    package let name: String
    package let loss: Loss
    /// Of its loss in the sum.
    package let weight: Float
    package let kind: TargetKind
    package let decision: Network.Decision
    /// Its columns of a row of outputs.
    package let outputs: Range<Int>
    /// The first of its columns of a row of targets.
    package let target: Int

    /// Those of the heads, in the order of a row; the only output of a network without heads. `kind` is that of the targets.
    package static func all(of network: Network, _ loss: Loss, _ kind: TargetKind) -> [OutputPlace] {
        guard case .row(let kinds) = kind else {
            let node = network.nodes.count - 1
            return [
                OutputPlace(
                    name: network.nodes[node].name, loss: loss, weight: 1, kind: kind, decision: network.decision,
                    outputs: 0..<network.outputShape.count, target: 0)
            ]
        }
        var (output, target) = (0, 0)
        return zip(zip(loss.heads, kinds), network.heads).map { head, node in
            let place = OutputPlace(
                name: head.0.name, loss: head.0.loss, weight: head.0.weight, kind: head.1,
                decision: network.decision(of: node), outputs: output..<output + network.shapes[node].count,
                target: target)
            (output, target) = (place.outputs.upperBound, target + place.targetWidth)
            return place
        }
    }

    /// Its columns of a row of targets.
    package var targetWidth: Int { kind == .label ? 1 : outputs.count }

    /// What labels tell apart: one output says yes or no.
    package var classes: Int { max(outputs.count, 2) }

    /// What there is to be right about in a sample; 0 for regression.
    package var decisions: Int { kind.decisions(outputs: outputs.count) }

    /// Whether it makes sense to say how far its outputs are from the targets. Those of a cross-entropy are probabilities or logits.
    package var hasErrors: Bool { kind == .values && loss.function.activation == nil }
}
