import Basics
import ImportFormats

/// What a new data set file holds.
public struct ImportSummary: Sendable, CustomStringConvertible {
    public let output: String
    /// What it was made from: the name of a format, or "generated".
    public let source: String
    /// Of an image: [height, width, channels]; empty where images have sizes of their own.
    public let shape: Shape
    /// In label order.
    public let classes: [String]
    public let splits: [(name: String, count: Int)]
    /// Numbers to be predicted for a sample; 0 if samples have classes.
    private let targets: Int
    /// What a person should know of the source, a sentence each.
    public let warnings: [String]
    private let images: ImageCounts?

    init(
        output: String, source: String, shape: Shape, classes: [String], splits: [(name: String, count: Int)],
        targets: Int = 0, warnings: [String] = [], images: ImageCounts? = nil
    ) {
        self.targets = targets
        (self.output, self.source, self.shape) = (output, source, shape)
        (self.classes, self.splits, self.warnings, self.images) = (classes, splits, warnings, images)
    }

    init(_ dataset: ImportedDataset, shape: Shape = [], source: String, output: String) {
        self.init(
            output: output, source: source, shape: shape, classes: dataset.classes,
            splits: dataset.splits.map { ($0.name, $0.count) }, targets: dataset.splits.first?.targets ?? 0)
    }

    init(_ dataset: ImportedDataset, shape: Shape, source: String, output: String, images: ImageCounts) {
        self.init(
            output: output, source: source, shape: shape, classes: dataset.classes, splits: images.images,
            warnings: dataset.warnings, images: images)
    }

    /// `fashion.h5: idx, 60000 train and 10000 test images of 28x28x1, 10 classes`
    public var description: String {
        if let images, images.partsBefore == images.parts {
            return "\(output): all \(images.parts) parts had been written before; nothing was left to do"
        }
        let counts = splits.map { "\($0.count) \($0.name)" }.listed("and")
        let form = shape.rank == 0 ? "images as files" : "\(shape.rank == 1 ? "samples" : "images") of \(shape)"
        let first =
            "\(output): \(source), \(counts) \(form)"
            + (classes.isEmpty ? "" : ", \(classes.count) classes")
            + (targets == 0 ? "" : ", \(Figures.count(targets, "target"))")
        return ([first] + (images?.lines ?? [])).joined(separator: "\n")
    }
}

/// What became of image files.
struct ImageCounts: Sendable {
    /// Images stored in each split.
    var images: [(name: String, count: Int)] = []
    /// Of the stored images.
    var bytes = 0
    /// By `ImageChange`.
    var changes = ImageChange.allCases.map { _ in 0 }
    var skipped: [(file: String, reason: String)] = []
    var parts = 1
    /// Parts that were there before; nothing is counted of them.
    var partsBefore = 0

    private static let mostNamed = 10

    mutating func add(_ other: ImageCounts) {
        for (name, count) in other.images {
            if let place = images.firstIndex(where: { $0.name == name }) {
                images[place].count += count
            } else {
                images.append((name, count))
            }
        }
        bytes += other.bytes
        for (place, count) in other.changes.enumerated() { changes[place] += count }
        skipped += other.skipped
    }

    /// After the first line of a summary.
    var lines: [String] {
        var lines = ["  \(Figures.bytes(bytes)) of images" + (parts > 1 ? " in \(parts) parts" : "")]
        if partsBefore > 0 {
            lines.append(
                "  \(Figures.count(partsBefore, "part")) had been written before; the figures are of the others")
        }
        let changed = zip(ImageChange.allCases, changes).filter { $0 != .none && $1 > 0 }
        if !changed.isEmpty {
            let sum = changed.reduce(0) { $0 + $1.1 }
            lines.append("  \(sum) written anew: " + changed.map { "\($1) \($0.text)" }.joined(separator: ", "))
        }
        if !skipped.isEmpty {
            lines.append("  \(skipped.count) left out (listed in /skipped):")
            lines += skipped.prefix(Self.mostNamed).map { "    \($0.file): \($0.reason)" }
            if skipped.count > Self.mostNamed { lines.append("    and \(skipped.count - Self.mostNamed) more") }
        }
        return lines
    }
}
