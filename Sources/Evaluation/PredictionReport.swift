import Basics
import Datasets

/// What predictions say of each sample: for readers, as JSON, and as comma-separated values.
package struct PredictionReport {
    private let predictions: Predictions
    private let names: [String]?
    /// How many classes are shown.
    private let top: Int

    /// `names`: of the samples, if they are images; others have numbers.
    package init(_ predictions: Predictions, names: [String]?, top: Int) {
        (self.predictions, self.names) = (predictions, names)
        self.top = predictions.meaning == .values ? 0 : top
    }

    private var samples: Range<Int> { 0..<predictions.samples }

    private func name(_ sample: Int) -> String { names?[sample] ?? "\(sample)" }

    private func ranking(_ sample: Int) -> [(name: String, score: Float)] {
        predictions.ranking(of: sample, count: top).map { (predictions.name(of: $0.label), $0.score) }
    }

    /// `7: Sneaker 0.9312, Sandal 0.0544, Ankle boot 0.0144 (label: Sandal)`, or values: `7: 0.25, 1.5 (target: 0.5, 1)`
    package var text: String { samples.map(line).joined(separator: "\n") }

    private func line(_ sample: Int) -> String {
        let says =
            predictions.meaning == .values
            ? Self.list(predictions.values(of: sample))
            : ranking(sample).map { "\($0.name) \(Figures.decimal(Double($0.score), 4))" }.joined(separator: ", ")
        let target =
            switch predictions.targets {
            case .labels(let labels): " (label: \(predictions.name(of: Int(labels[sample]))))"
            case .targets(let targets, let width):
                " (target: \(Self.list(targets[sample * width..<(sample + 1) * width])))"
            case .none: ""
            }
        return "\(name(sample)): \(says)\(target)"
    }

    private static func list(_ values: ArraySlice<Float>) -> String {
        values.map { "\($0)" }.joined(separator: ", ")
    }

    package var json: JSONValue {
        .array(
            samples.map { sample in
                let key: JSONValue = names.map { .string($0[sample]) } ?? .integer(sample)
                if predictions.meaning == .values {
                    return [
                        "sample": key, "values": .array(predictions.values(of: sample).map { .number(Double($0)) }),
                    ]
                }
                let classes = ranking(sample).map {
                    ["name": .string($0.name), "score": .number(Double($0.score))] as JSONValue
                }
                return ["sample": key, "classes": .array(classes)]
            })
    }

    /// A header, and a row a sample.
    package var csv: String {
        let header: [String]
        let rows: [[String]]
        if predictions.meaning == .values {
            header = (0..<predictions.outputs).map { "value\($0 + 1)" }
            rows = samples.map { sample in predictions.values(of: sample).map { "\($0)" } }
        } else {
            let count = samples.isEmpty ? 0 : ranking(0).count
            header = (0..<count).flatMap { ["class\($0 + 1)", "score\($0 + 1)"] }
            rows = samples.map { sample in ranking(sample).flatMap { [$0.name, "\($0.score)"] } }
        }
        let lines = [["sample"] + header] + zip(samples, rows).map { [name($0)] + $1 }
        return lines.map { $0.map(\.csvField).joined(separator: ",") }.joined(separator: "\n")
    }
}
