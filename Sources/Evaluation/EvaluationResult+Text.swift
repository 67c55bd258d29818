import Basics
import Reduction

/// What `evaluate` prints.
extension EvaluationResult {
    package func json(withConfusion: Bool, perClass: Bool) -> [String: JSONValue] {
        var members: [String: JSONValue] = [
            "loss": .ifFinite(loss), "accuracy": .ifFinite(accuracy), "top5": .ifFinite(top5),
            "samples": .integer(samples), "split": .string(split.rawValue),
        ]
        if let errors { members.merge(errors.json) { $1 } }
        if !outputs.isEmpty {
            members["outputs"] = .object(
                Dictionary(
                    outputs.map { ($0.name, .object($0.json(withConfusion: withConfusion, perClass: perClass))) },
                    uniquingKeysWith: { first, _ in first }))
        }
        if let confusion { members.merge(confusion.json(whole: withConfusion, perClass: perClass)) { $1 } }
        return members
    }
}

extension EvaluationResult.Output {
    fileprivate func json(withConfusion: Bool, perClass: Bool) -> [String: JSONValue] {
        var members: [String: JSONValue] = ["loss": .ifFinite(loss), "accuracy": .ifFinite(accuracy)]
        if let top5 { members["top5"] = .ifFinite(top5) }
        if let errors { members.merge(errors.json) { $1 } }
        if let confusion { members.merge(confusion.json(whole: withConfusion, perClass: perClass)) { $1 } }
        return members
    }
}

extension RegressionErrors {
    fileprivate var json: [String: JSONValue] {
        ["mae": .ifFinite(meanAbsolute), "rmse": .ifFinite(rootMeanSquare), "r2": .ifFinite(r2)]
    }
}

extension ConfusionMatrix {
    /// Means of classes, and the classes and the matrix if they are wanted.
    fileprivate func json(whole: Bool, perClass: Bool) -> [String: JSONValue] {
        let report = ClassReport(self)
        var members = Self.json(report.macro)
        if perClass {
            members["per_class"] = .array(
                zip(report.classNames, report.classes).map { name, scores in
                    .object(
                        Self.json(scores).merging(["class": .string(name), "samples": .integer(scores.support)]) { $1 })
                })
        }
        guard whole else { return members }
        let numbers = 0..<classes
        members["classes"] = .array(classNames.map { .string($0) })
        members["class_accuracy"] = .array(numbers.map { .ifFinite(accuracy(of: $0)) })
        members["confusion"] = .array(numbers.map { label in .array(numbers.map { .integer(self[label, $0]) }) })
        return members
    }

    private static func json(_ scores: ClassReport.Scores) -> [String: JSONValue] {
        ["precision": .ifFinite(scores.precision), "recall": .ifFinite(scores.recall), "f1": .ifFinite(scores.f1)]
    }
}

extension EvaluationResult {
    package func text(of model: String, _ data: String) -> String {
        let figures =
            [
                ("loss", loss as Double?), ("accuracy", accuracy), ("top 5", top5), ("MAE", errors?.meanAbsolute),
                ("RMSE", errors?.rootMeanSquare), ("R2", errors?.r2),
            ]
            + outputs.flatMap { output in
                [
                    ("loss", output.loss as Double?), ("accuracy", output.accuracy), ("top 5", output.top5),
                    ("MAE", output.errors?.meanAbsolute), ("RMSE", output.errors?.rootMeanSquare),
                    ("R2", output.errors?.r2),
                ].map { ("\(output.name) \($0)", $1) }
            }
        let list = figures.compactMap { name, value in value.map { "\(name): \(Figures.metric($0))" } }
        let doubts = loss.isFinite ? [] : ["outputs of some samples are not finite, so the figures mean little"]
        let notes = (doubts + notes).map { "\nnote: \($0)" }.joined()
        return """
            \(model) on \(samples) \(split.rawValue) samples of \(data), \(Int(samplesPerSecond)) samples/s
            \(list.joined(separator: " - "))\(notes)
            """
    }
}
