import Basics
import Datasets

/// What predictions say of each sample: for readers, as JSON, and as comma-separated values.
package struct PredictionReport {
    private let predictions: Predictions
    private let names: [String]?
    /// How many classes are shown.
    private let top: Int
    /// Those of each of several outputs.
    private let heads: [(name: String, report: PredictionReport)]

    /// `names`: of the samples, if they are images; others have numbers.
    package init(_ predictions: Predictions, names: [String]?, top: Int) {
        (self.predictions, self.names) = (predictions, names)
        self.top = predictions.meaning == .values ? 0 : top
        heads = predictions.heads.map { ($0.name, PredictionReport(predictions.of($0), names: names, top: top)) }
    }

    private var samples: Range<Int> { 0..<predictions.samples }

    private func name(_ sample: Int) -> String { names?[sample] ?? "\(sample)" }

    private func ranking(_ sample: Int) -> [(name: String, score: Float)] {
        predictions.ranking(of: sample, count: top).map { (predictions.name(of: $0.label), $0.score) }
    }

    /// `7: Sneaker 0.9312, Sandal 0.0544, Ankle boot 0.0144 (label: Sandal)`, or values: `7: 0.25, 1.5 (target: 0.5, 1)`, or of
    /// several outputs `7: digit: 4 0.9312, 9 0.0544 (label: 4); angle: 0.25 (target: 0.5)`.
    package var text: String {
        samples.map { "\(name($0)): \(line($0))".withControlsEscaped }.joined(separator: "\n")
    }

    private func line(_ sample: Int) -> String {
        guard heads.isEmpty else {
            return heads.map { "\($0.name): \($0.report.line(sample))" }.joined(separator: "; ")
        }
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
        return "\(says)\(target)"
    }

    private static func list(_ values: ArraySlice<Float>) -> String {
        values.map { "\($0)" }.joined(separator: ", ")
    }

    package var json: JSONValue {
        .array(
            samples.map { sample in
                let key: JSONValue = names.map { .string($0[sample]) } ?? .integer(sample)
                return .object(members(of: sample).merging(["sample": key]) { $1 })
            })
    }

    private func members(of sample: Int) -> [String: JSONValue] {
        guard heads.isEmpty else {
            let outputs = heads.map { ($0.name, JSONValue.object($0.report.members(of: sample))) }
            return ["outputs": .object(Dictionary(outputs) { first, _ in first })]
        }
        if predictions.meaning == .values {
            return ["values": .array(predictions.values(of: sample).map { .number(Double($0)) })]
        }
        return [
            "classes": .array(ranking(sample).map { ["name": .string($0.name), "score": .number(Double($0.score))] })
        ]
    }

    /// A header, and a row a sample.
    package var csv: String {
        let lines = [["sample"] + header] + samples.map { [name($0)] + row($0) }
        return lines.map { $0.map(\.csvField).joined(separator: ",") }.joined(separator: "\n")
    }

    private var header: [String] {
        guard heads.isEmpty else { return heads.flatMap { head in head.report.header.map { "\(head.name)_\($0)" } } }
        if predictions.meaning == .values { return (0..<predictions.outputs).map { "value\($0 + 1)" } }
        return (0..<(samples.isEmpty ? 0 : ranking(0).count)).flatMap { ["class\($0 + 1)", "score\($0 + 1)"] }
    }

    private func row(_ sample: Int) -> [String] {
        guard heads.isEmpty else { return heads.flatMap { $0.report.row(sample) } }
        if predictions.meaning == .values { return predictions.values(of: sample).map { "\($0)" } }
        return ranking(sample).flatMap { [$0.name, "\($0.score)"] }
    }
}
