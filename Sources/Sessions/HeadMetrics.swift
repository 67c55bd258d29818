import Execution
import Models
import Reduction

/// What is measured of each output of a network with several, under Keras's names: `digit_loss`, `digit_accuracy`, `angle_mae`.
package struct HeadMetrics: Sendable {
    private let place: OutputPlace

    /// Empty for a loss of one output. `kind` is that of the targets.
    package static func all(of network: Network, _ loss: Loss, _ kind: TargetKind) -> [HeadMetrics] {
        guard case .row = kind else { return [] }
        return OutputPlace.all(of: network, loss, kind).map(HeadMetrics.init)
    }

    /// The output.
    package var name: String { place.name }

    package var hasErrors: Bool { place.hasErrors }

    package var names: [String] {
        let measures = ["loss"] + (place.decisions > 0 ? ["accuracy"] : []) + (hasErrors ? ["mae", "rmse"] : [])
        return measures.map { "\(name)_\($0)" }
    }

    /// Loss and accuracy, of which regression has none.
    package func means(of sums: MetricSums.Head, samples: Int) -> (loss: Double, accuracy: Double?) {
        let count = Double(max(samples, 1))
        return (sums.loss / count, place.decisions > 0 ? Double(sums.correct) / count / Double(place.decisions) : nil)
    }

    /// All that is known, by name.
    package func values(of sums: MetricSums.Head, samples: Int) -> [String: Double] {
        let count = Double(max(samples, 1))
        let (loss, accuracy) = means(of: sums, samples: samples)
        var values = ["\(name)_loss": loss]
        values["\(name)_accuracy"] = accuracy
        if hasErrors, !sums.absoluteError.isNaN {
            values["\(name)_mae"] = sums.absoluteError / count
            values["\(name)_rmse"] = (sums.squaredError / count).squareRoot()
        }
        return values
    }
}
