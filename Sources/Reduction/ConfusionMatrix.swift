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
