import Reduction
import Basics

/// All that predictions of classes show beside their labels.
public struct ClassifierFigures: Sendable {
    /// A sample that was taken for another class.
    public struct Mistake: Sendable, Equatable {
        public let sample: Int
        public let label: Int
        public let prediction: Int
        public let score: Float
        /// Of the right class.
        public let labelScore: Float
    }

    public let matrix: ConfusionMatrix
    public let report: ClassReport
    public let accuracy: Double
    /// Each class against the rest; nil for a class without samples, or without others. Empty for very many classes.
    public let curves: [ThresholdCurves?]
    /// Nil if scores are no probabilities.
    public let calibration: Calibration?
    /// The most wrong first: those whose own class has the lowest score.
    public let mistakes: [Mistake]

    private static let mostCurves = 100

    /// `scores`: [samples, classes], of which the largest decides.
    public init(labels: [Int], scores: [Float], classNames: [String]) {
        let classes = classNames.count
        precondition(scores.count == labels.count * classes, "a score for each class")
        let row = { (sample: Int) in scores[sample * classes..<(sample + 1) * classes] }
        let predictions = labels.indices.map { sample in
            let values = Array(row(sample))
            return values.contains(where: \.isNaN) ? nil : values.indices.max { values[$0] < values[$1] }
        }
        var counts = [Int](repeating: 0, count: classes * classes)
        var support = [Int](repeating: 0, count: classes)
        for (label, prediction) in zip(labels, predictions) {
            support[label] += 1
            if let prediction { counts[label * classes + prediction] += 1 }
        }
        matrix = ConfusionMatrix(classNames: classNames, counts: counts, samples: support)
        report = ClassReport(matrix)
        let areRight = zip(labels, predictions).map { $0 == $1 }
        accuracy = Double(areRight.count { $0 }) / Double(max(1, labels.count))
        curves =
            classes > Self.mostCurves
            ? []
            : (0..<classes).map { label in
                ThresholdCurves(
                    scores: labels.indices.map { scores[$0 * classes + label] }, arePositive: labels.map { $0 == label }
                )
            }
        let areProbabilities = labels.indices.allSatisfy { sample in
            row(sample).allSatisfy { (0...1).contains($0) } && abs(row(sample).reduce(0, +) - 1) < 1e-3
        }
        calibration =
            areProbabilities
            ? Calibration(confidences: labels.indices.map { Double(row($0).max() ?? 0) }, areRight: areRight) : nil
        let wrong = labels.indices.compactMap { sample -> Mistake? in
            guard let prediction = predictions[sample], prediction != labels[sample] else { return nil }
            return Mistake(
                sample: sample, label: labels[sample], prediction: prediction,
                score: scores[sample * classes + prediction], labelScore: scores[sample * classes + labels[sample]])
        }
        mistakes = wrong.sorted { ($0.labelScore, $0.sample) < ($1.labelScore, $1.sample) }
    }
}

extension Predictions {
    /// Nil for regression, and for samples without labels.
    public var classifierFigures: ClassifierFigures? {
        guard case .labels(let labels) = targets, meaning != .values else { return nil }
        var scores = values
        var classes = outputs
        if case .twoClasses(let isProbability) = meaning {
            scores = values.flatMap { [isProbability ? 1 - $0 : -$0, $0] }
            classes = 2
        }
        if decision == .smallest { scores = scores.map { -$0 } }
        return ClassifierFigures(
            labels: labels.map { Int($0) }, scores: scores, classNames: (0..<classes).map { name(of: $0) })
    }

    /// Nil for classes, and for samples without targets.
    public var regressionErrors: RegressionErrors? {
        guard case .targets(let wanted, let width) = targets, meaning == .values, width == outputs, heads.isEmpty
        else { return nil }
        let columns = 0..<outputs
        let errors = { (column: Int) in
            stride(from: column, to: wanted.count, by: width).map { Double(values[$0]) - Double(wanted[$0]) }
        }
        return RegressionErrors(
            absolute: columns.map { errors($0).reduce(0) { $0 + abs($1) } },
            squared: columns.map { errors($0).reduce(0) { $0 + $1 * $1 } }, targets: wanted)
    }
}
