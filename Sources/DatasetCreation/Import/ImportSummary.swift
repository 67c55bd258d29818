import Basics

/// What a new data set file holds.
public struct ImportSummary: Sendable, CustomStringConvertible {
    public let output: String
    /// What it was made from: the name of a format, or "generated".
    public let source: String
    /// Of an image: [height, width, channels].
    public let shape: Shape
    /// In label order.
    public let classes: [String]
    public let splits: [(name: String, count: Int)]

    init(
        output: String, source: String, shape: Shape, classes: [String], splits: [(name: String, count: Int)]
    ) {
        (self.output, self.source, self.shape) = (output, source, shape)
        (self.classes, self.splits) = (classes, splits)
    }

    init(_ dataset: ImportedDataset, shape: Shape, source: String, output: String) {
        self.init(
            output: output, source: source, shape: shape, classes: dataset.classes,
            splits: dataset.splits.map { ($0.name, $0.count) })
    }

    /// `fashion.h5: idx, 60000 train and 10000 test images of 28x28x1, 10 classes`
    public var description: String {
        let counts = splits.map { "\($0.count) \($0.name)" }.joined(separator: " and ")
        return "\(output): \(source), \(counts) images of \(shape)"
            + (classes.isEmpty ? "" : ", \(classes.count) classes")
    }
}
