/// What thresholds on a score make of a question with yes or no: scikit-learn's `roc_curve` and `precision_recall_curve` with
/// their areas. A threshold stands at each score that occurs.
public struct ThresholdCurves: Sendable {
    /// False and true positive rate, from (0, 0) to (1, 1).
    public let roc: [(falsePositives: Double, truePositives: Double)]
    /// `roc_auc_score`
    public let rocArea: Double
    /// From recall 0 and precision 1 to recall 1.
    public let precisionRecall: [(recall: Double, precision: Double)]
    /// `average_precision_score`
    public let averagePrecision: Double

    /// Nil without a sample of each kind, or with a score that is no number.
    public init?(scores: [Float], arePositive: [Bool]) {
        let positives = arePositive.count { $0 }
        let negatives = arePositive.count - positives
        guard positives > 0, negatives > 0, scores.allSatisfy({ !$0.isNaN }) else { return nil }
        let order = scores.indices.sorted { scores[$0] > scores[$1] }
        var (right, wrong) = (0, 0)
        // In halves of a pair of samples, so that it is a whole number.
        var area = 0
        var (precisionSum, lastRight) = (0.0, 0)
        var roc = [(falsePositives: 0.0, truePositives: 0.0)]
        var curve = [(recall: 0.0, precision: 1.0)]
        for (place, sample) in order.enumerated() {
            if arePositive[sample] { right += 1 } else { wrong += 1 }
            if place + 1 < order.count, scores[order[place + 1]] == scores[sample] { continue }
            let precision = Double(right) / Double(right + wrong)
            precisionSum += Double(right - lastRight) * precision
            let lastWrong = Int((roc[roc.count - 1].falsePositives * Double(negatives)).rounded())
            area += (wrong - lastWrong) * (right + lastRight)
            lastRight = right
            roc.append((Double(wrong) / Double(negatives), Double(right) / Double(positives)))
            curve.append((Double(right) / Double(positives), precision))
        }
        self.roc = roc
        precisionRecall = curve
        rocArea = Double(area) / (2 * Double(positives) * Double(negatives))
        averagePrecision = precisionSum / Double(positives)
    }
}

/// How often predictions of a confidence are right: scikit-learn's `calibration_curve` with ten bins of equal width.
public struct Calibration: Sendable {
    public struct Bin: Sendable, Equatable {
        /// Means over the bin's samples.
        public let confidence: Double
        public let accuracy: Double
        public let samples: Int
    }

    /// Those that have samples.
    public let bins: [Bin]
    /// The mean distance between confidence and accuracy, each bin weighted by its samples (expected calibration error).
    public let error: Double

    private static let count = 10

    /// `confidences`: of the predicted classes, 0...1.
    public init(confidences: [Double], areRight: [Bool]) {
        var (sums, right, counts) = (
            [Double](repeating: 0, count: Self.count), [Int](repeating: 0, count: Self.count),
            [Int](repeating: 0, count: Self.count)
        )
        let edges = (1..<Self.count).map { Double($0) * 0.1 }
        for (confidence, isRight) in zip(confidences, areRight) {
            let bin = edges.count { $0 < confidence }
            sums[bin] += confidence
            counts[bin] += 1
            if isRight { right[bin] += 1 }
        }
        bins = (0..<Self.count).filter { counts[$0] > 0 }.map {
            Bin(
                confidence: sums[$0] / Double(counts[$0]), accuracy: Double(right[$0]) / Double(counts[$0]),
                samples: counts[$0])
        }
        let total = Double(max(1, confidences.count))
        error = bins.reduce(0) { $0 + Double($1.samples) * abs($1.confidence - $1.accuracy) } / total
    }
}
