import Execution
import Glibc
import MessagePassing
import Models
import Optimization

/// What samples of a validation scored, on this rank, and the metrics that follow from all ranks' scores. They are made of counts
/// and of an order of values, so they depend neither on the number of ranks nor on the order of samples.
package struct ScoreTable {
    private let metrics: Set<ScoreMetric>
    /// One for yes or no.
    private let outputs: Int
    private let isSoftmax: Bool
    private let areDistances: Bool
    private var labels: [Int32] = []
    private var predictions: [Int32] = []
    /// [samples, outputs]: probabilities where classes are compared by them, else outputs. Empty if no metric needs them.
    private var scores: [Float] = []

    /// Of the outputs of evaluation plans: what a loss takes.
    package init(_ metrics: Set<ScoreMetric>, of network: Network, _ loss: Loss) {
        self.metrics = metrics
        outputs = network.outputShape.count
        let last = network.nodes[network.nodes.count - 1].layer.activation
        isSoftmax = loss.function.activation == .softmax && (loss.isFromLogits || last == .softmax)
        areDistances = network.decision == .smallest
    }

    /// Takes the outputs [count, outputs] of samples.
    package mutating func add(
        _ output: UnsafePointer<Float>, labels: UnsafePointer<Int32>, count: Int, rule: PredictionRule
    ) {
        for row in 0..<count {
            let x = UnsafeBufferPointer(start: output + row * outputs, count: outputs)
            self.labels.append(labels[row])
            predictions.append(rule.prediction(output + row * outputs).map { Int32($0) } ?? -1)
            guard metrics.contains(.auc) else { continue }
            if isSoftmax { scores += probabilities(x) } else { scores += areDistances ? x.map { -$0 } : Array(x) }
        }
    }

    private func probabilities(_ logits: UnsafeBufferPointer<Float>) -> [Float] {
        let largest = logits.max() ?? 0
        let powers = logits.map { expf($0 - largest) }
        let sum = powers.reduce(0, +)
        return powers.map { $0 / sum }
    }

    /// Collective: all ranks get the same.
    package consuming func values(_ communicator: Communicator) throws -> [String: Double] {
        var values: [String: Double] = [:]
        let labels = try communicator.allGather(labels).flatMap { $0 }
        if metrics.contains(.f1) {
            values[ScoreMetric.f1.name] = try Self.f1(
                labels, communicator.allGather(predictions).flatMap { $0 }, classes: max(2, outputs))
        }
        if metrics.contains(.auc) {
            values[ScoreMetric.auc.name] = try Self.auc(labels, communicator.allGather(scores).flatMap { $0 }, outputs)
        }
        return values
    }

    /// Classes without samples and predictions do not count.
    package static func f1(_ labels: [Int32], _ predictions: [Int32], classes: Int) -> Double {
        var (right, actual, predicted) = (counts(classes), counts(classes), counts(classes))
        for (label, prediction) in zip(labels, predictions) {
            actual[Int(label)] += 1
            if prediction >= 0 { predicted[Int(prediction)] += 1 }
            if label == prediction { right[Int(label)] += 1 }
        }
        var scores: [Double] = []
        for place in 0..<classes {
            let both = actual[place] + predicted[place]
            if both > 0 { scores.append(2 * Double(right[place]) / Double(both)) }
        }
        return scores.isEmpty ? .nan : scores.reduce(0, +) / Double(scores.count)
    }

    private static func counts(_ classes: Int) -> [Int] { Array(repeating: 0, count: classes) }

    /// The mean over classes that have samples and are not all there is: the part of pairs of a sample of the class and another
    /// whose scores are in order, where equal scores count half.
    package static func auc(_ labels: [Int32], _ scores: [Float], _ outputs: Int) -> Double {
        var areas: [Double] = []
        for output in 0..<outputs {
            let wanted = Int32(outputs == 1 ? 1 : output)
            let ranked = labels.indices.map {
                Ranked(score: scores[$0 * outputs + output], isOfClass: labels[$0] == wanted)
            }
            if let area = area(ranked) { areas.append(area) }
        }
        return areas.isEmpty ? .nan : areas.reduce(0, +) / Double(areas.count)
    }

    private struct Ranked {
        let score: Float
        let isOfClass: Bool
    }

    /// Nil for a class without samples, or without others.
    private static func area(_ samples: [Ranked]) -> Double? {
        let positives = samples.count { $0.isOfClass }
        let negatives = samples.count - positives
        guard positives > 0, negatives > 0 else { return nil }
        guard samples.allSatisfy({ !$0.score.isNaN }) else { return .nan }
        let ranked = samples.sorted { $0.score < $1.score }
        // Counted in halves, so that it is a whole number.
        var ordered = 0
        var (below, start) = (0, 0)
        while start < ranked.count {
            let score = ranked[start].score
            let end = ranked[start...].firstIndex { $0.score > score } ?? ranked.count
            let here = ranked[start..<end].count { $0.isOfClass }
            let others = end - start - here
            ordered += here * (2 * below + others)
            below += others
            start = end
        }
        return Double(ordered) / (2 * Double(positives) * Double(negatives))
    }
}
