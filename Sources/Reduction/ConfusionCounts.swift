import Basics
import Execution
import MessagePassing

/// What this rank's samples are taken for, while it evaluates.
package final class ConfusionCounts {
    private let classes: Int
    /// [label, prediction], and behind them the samples of each class.
    private let counts: AlignedBuffer<Int64>

    /// `outputs` of the network: a class each, or one that says yes or no.
    package init(outputs: Int) {
        classes = max(outputs, 2)
        counts = AlignedBuffer(count: classes * (classes + 1))
    }

    /// Takes the outputs [count, outputs] of samples.
    package func add(
        _ output: UnsafePointer<Float>, labels: UnsafePointer<Int32>, count: Int, rule: PredictionRule
    ) {
        for row in 0..<count {
            let label = Int(labels[row])
            counts[classes * classes + label] += 1
            guard let prediction = rule.prediction(output + row * rule.width) else { continue }
            counts[label * classes + prediction] += 1
        }
    }

    /// The counts of all ranks. Collective. Classes that only the network knows have no name.
    package func combined(_ communicator: Communicator, classNames names: [String]) throws -> ConfusionMatrix {
        try communicator.allReduceSum(counts.elements)
        let all = counts.elements.map { Int($0) }
        return ConfusionMatrix(
            classNames: (0..<classes).map { $0 < names.count ? names[$0] : "\($0)" },
            counts: Array(all[..<(classes * classes)]), samples: Array(all[(classes * classes)...]))
    }
}
