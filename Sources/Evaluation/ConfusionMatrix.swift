import DataPipeline
import Datasets
import Execution
import MessagePassing
import Basics

/// How often samples of each class were taken for each class. Counts are whole numbers, so that their sum over ranks
/// depends on nothing.
public struct ConfusionMatrix: Sendable, Equatable {
    /// A name a class; its number where neither model nor data name it.
    public let classNames: [String]
    /// [label, prediction], row-major. Samples whose outputs are no numbers stand in no column.
    public let counts: [Int]
    /// Samples of each class.
    public let samples: [Int]

    public var classes: Int { classNames.count }

    public init(classNames: [String], counts: [Int], samples: [Int]) {
        precondition(
            counts.count == classNames.count * classNames.count && samples.count == classNames.count,
            "a row and a column a class")
        self.classNames = classNames
        self.counts = counts
        self.samples = samples
    }

    public subscript(label: Int, prediction: Int) -> Int { counts[label * classes + prediction] }

    /// The part of a class's samples that were classified correctly; nil for a class without samples.
    public func accuracy(of label: Int) -> Double? {
        samples[label] == 0 ? nil : Double(self[label, label]) / Double(samples[label])
    }

    /// Comma-separated values: a header of predictions, and a row a label with its samples and accuracy at the end.
    public var csv: String {
        let names = classNames.map(\.csvField)
        let header = "label," + names.joined(separator: ",") + ",samples,accuracy"
        let rows = classNames.indices.map { label in
            let cells = (0..<classes).map { "\(self[label, $0])" }.joined(separator: ",")
            return "\(names[label]),\(cells),\(samples[label]),\(accuracy(of: label).map { "\($0)" } ?? "")"
        }
        return ([header] + rows).joined(separator: "\n") + "\n"
    }
}

/// The counts of this rank's samples, while it evaluates.
final class ConfusionCounts {
    private let classes: Int
    private let counts: AlignedBuffer<Int64>

    /// `outputs` of the network: a class each, or one that says yes or no.
    init(outputs: Int) {
        classes = max(outputs, 2)
        counts = AlignedBuffer(count: classes * classes)
    }

    /// Adds the samples of a shard whose evaluation plan has just run.
    func add(_ batch: ShardBatch, _ plan: BoundPlan) {
        let rule = plan.plan.predictionRule
        for sample in 0..<batch.count {
            guard let prediction = rule.prediction(plan.output + sample * rule.width) else { continue }
            counts[Int(batch.labels[sample]) * classes + prediction] += 1
        }
    }

    /// The counts of all ranks. Collective. Classes that only the network knows have no name.
    func combined(_ communicator: Communicator, of dataset: SampleSet, classNames: [String]) throws
        -> ConfusionMatrix
    {
        try communicator.allReduceSum(counts.elements)
        let names = classNames.isEmpty ? dataset.classNames ?? [] : classNames
        let histogram = dataset.histogram
        return ConfusionMatrix(
            classNames: (0..<classes).map { $0 < names.count ? names[$0] : "\($0)" },
            counts: counts.elements.map { Int($0) },
            samples: (0..<classes).map { $0 < histogram.count ? histogram[$0] : 0 })
    }
}
