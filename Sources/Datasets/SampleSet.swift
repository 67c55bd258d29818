import HDF5Storage
import Basics
import Transforms

/// The samples of one split, or a run of them: what they look like, where they lie, and their targets.
public struct SampleSet: Sendable {
    public let split: Split
    public let source: SampleSource
    /// The rows of the source that belong here; sample i is row `rows.lowerBound + i`.
    public let rows: Range<Int>
    public let targets: Targets
    /// The path of the targets in the file.
    public let targetsPath: String?
    /// How many classes the labels tell apart; 0 without labels.
    public let classes: Int
    /// As many as `classes`, where the file names them.
    public let classNames: [String]?

    public var file: String { source.file }
    public var count: Int { rows.count }
    /// A sample as it is handed on: [H, W, C], or [F] for features.
    public var sample: Shape { source.sample }

    /// The row of the source that a sample is.
    package func row(of sample: Int) -> Int { rows.lowerBound + sample }

    /// A part of this split.
    public subscript(part: Range<Int>) -> SampleSet {
        SampleSet(
            split: split, source: source,
            rows: rows.lowerBound + part.lowerBound..<rows.lowerBound + part.upperBound, targets: targets[part],
            targetsPath: targetsPath, classes: classes, classNames: classNames)
    }

    /// Whether they are stored as JPEG, PNG or WebP images.
    public var isEncoded: Bool { source.parts.areEncoded }

    /// As they are decoded where nothing is left to chance.
    package var inEvaluation: SampleSet { source.decoding.map { decoded($0.inEvaluation) } ?? self }

    /// The same samples, decoded or resized in another way.
    public func decoded(_ decoding: ImageDecoding) -> SampleSet {
        var source = source
        source.decoding = decoding
        return SampleSet(
            split: split, source: source, rows: rows, targets: targets, targetsPath: targetsPath, classes: classes,
            classNames: classNames)
    }

    /// How often each class occurs.
    public var histogram: [Int] {
        var counts = [Int](repeating: 0, count: classes)
        if case .labels(let labels) = targets {
            for label in labels { counts[Int(label)] += 1 }
        }
        return counts
    }

    /// What must be so before a network is trained or evaluated on this data.
    public func requireTargets(_ kind: TargetForm) throws {
        switch (targets, kind) {
        case (.labels, .labels), (.targets, .targets): return
        case (.none, _):
            throw DatasetError(
                file: file, object: source.dataset.path, "the \(split.rawValue) samples have no \(kind.rawValue)",
                remedy: split == .train ? "name their data set with --labels" : "store them in the file")
        case (.labels, .targets), (.targets, .labels):
            throw DatasetError(file: file, object: targetsPath, "it holds no \(kind.rawValue), which the network needs")
        }
    }

    /// Refuses the first label that is no class number below `classes`.
    func checkLabels() throws { try requireLabels(below: classes, "\(classes) classes") }

    /// The same for a number of classes from elsewhere; `words` says where it comes from.
    package func requireLabels(below classes: Int, _ words: String) throws {
        guard case .labels(let labels) = targets else { return }
        guard let index = labels.firstIndex(where: { $0 < 0 || Int($0) >= classes }) else { return }
        throw DatasetError(
            file: file, object: targetsPath,
            "the label of sample \(rows.lowerBound + index) is \(labels[index]), outside 0...\(classes - 1) (\(words))")
    }
}

extension SampleSet {
    /// Its samples as they are stored.
    public var specification: SampleSpecification {
        let targets: SampleSpecification.Targets =
            switch self.targets {
            case .none: .none
            case .labels: .label(classes: classes)
            case .targets(_, let width): .values(width: width)
            }
        return SampleSpecification(shape: sample, form: source.form, targets: targets)
    }
}
