import Reduction
import Basics

/// Precision, recall and F1 of each class, and their means, as scikit-learn's `classification_report` has them. What would be
/// divided by zero is 0.
public struct ClassReport: Sendable, Equatable {
    public struct Scores: Sendable, Equatable {
        /// The part of the samples taken for the class that belong to it.
        public var precision = 0.0
        /// The part of the class's samples that were taken for it.
        public var recall = 0.0
        /// Their harmonic mean.
        public var f1 = 0.0
        /// How many samples the class has.
        public var support = 0
    }

    public let classNames: [String]
    public let classes: [Scores]
    /// Over the classes that have samples or predictions; support is that of all.
    public let macro: Scores
    /// The same with each class weighted by its samples.
    public let weighted: Scores

    public init(_ matrix: ConfusionMatrix) {
        classNames = matrix.classNames
        let labels = 0..<matrix.classes
        let predicted = labels.map { column in labels.reduce(0) { $0 + matrix[$1, column] } }
        classes = labels.map { label in
            let (right, support) = (Double(matrix[label, label]), matrix.samples[label])
            let both = predicted[label] + support
            return Scores(
                precision: predicted[label] > 0 ? right / Double(predicted[label]) : 0,
                recall: support > 0 ? right / Double(support) : 0,
                f1: both > 0 ? 2 * right / Double(both) : 0, support: support)
        }
        let occurring = zip(classes, predicted).filter { $0.support > 0 || $1 > 0 }.map(\.0)
        macro = Self.mean(occurring) { _ in 1 }
        weighted = Self.mean(occurring) { Double($0.support) }
    }

    private static func mean(_ classes: [Scores], weight: (Scores) -> Double) -> Scores {
        let weights = classes.map(weight)
        let total = weights.reduce(0, +)
        func mean(_ score: KeyPath<Scores, Double>) -> Double {
            total > 0 ? zip(weights, classes).reduce(0) { $0 + $1.0 * $1.1[keyPath: score] } / total : 0
        }
        return Scores(
            precision: mean(\.precision), recall: mean(\.recall), f1: mean(\.f1),
            support: classes.reduce(0) { $0 + $1.support })
    }

    /// A row a class, then the means; without `everyClass` the means only.
    public func table(everyClass: Bool) -> String {
        var table = TextTable(header: ["Class", "Precision", "Recall", "F1", "Samples"])
        table.rightAligned = [1, 2, 3, 4]
        let means = [("mean of classes", macro), ("mean of samples", weighted)]
        let rows = (everyClass ? Array(zip(classNames, classes)) : []) + means
        table.rows = rows.map { name, scores in
            [name] + [scores.precision, scores.recall, scores.f1].map { Figures.decimal($0, 4) } + ["\(scores.support)"]
        }
        return table.text
    }
}
