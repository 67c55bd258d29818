import HDF5Storage
import Basics
import Transforms

/// The samples of one split, or some of them: what they look like, where they lie, and their targets.
public struct SampleSet: Sendable {
    /// What the samples are for. Rows of the training split that are kept back are of `.validation`.
    public internal(set) var split: Split
    public internal(set) var source: SampleSource
    /// The rows of the source that belong here.
    public internal(set) var rows: RowSelection
    public internal(set) var targets: Targets
    /// What each sample's loss is multiplied by, finite and not negative; nil where all count alike.
    public internal(set) var weights: [Float]?
    /// The path of the targets in the file.
    public let targetsPath: String?
    /// How many classes the labels tell apart; 0 without labels.
    public let classes: Int
    /// As many as `classes`, where the file names them.
    public let classNames: [String]?
    /// Whose targets the columns of `targets` are, where a network has several outputs that have some.
    public var heads: [HeadTargets] = []
    /// The other inputs of a network with several.
    public internal(set) var further: [FurtherInput] = []
    /// For samples that are drawn anew in each epoch; these here are those of epoch 0.
    package var redraw: Redraw?

    public var file: String { source.file }
    public var count: Int { rows.count }
    /// A sample as it is handed on: [H, W, C], or [F] for features.
    public var sample: Shape { source.sample }

    /// A part of these samples.
    public subscript(part: Range<Int>) -> SampleSet {
        var samples = self
        samples.rows = rows[part]
        samples.targets = targets[part]
        samples.weights = weights.map { Array($0[part]) }
        return samples
    }

    /// Some of these samples, whose numbers ascend.
    subscript(numbers: [Int]) -> SampleSet {
        var samples = self
        samples.rows = rows[numbers]
        samples.targets = targets[numbers]
        samples.weights = weights.map { weights in numbers.map { weights[$0] } }
        return samples
    }

    /// Whether they are stored as JPEG, PNG or WebP images.
    public var isEncoded: Bool { source.parts.areEncoded }

    /// As they are decoded where nothing is left to chance.
    package var inEvaluation: SampleSet { source.decoding.map { decoded($0.inEvaluation) } ?? self }

    /// The same samples, decoded or resized in another way.
    public func decoded(_ decoding: ImageDecoding) -> SampleSet {
        var samples = self
        samples.source.decoding = decoding
        samples.redraw = redraw.map { $0.mapped { $0.decoded(decoding) } }
        return samples
    }

    /// The same targets, for floats of another shape which memory holds in the place of the samples.
    package func replaced(byFloats shape: Shape) -> SampleSet {
        var samples = self
        samples.source = source.replaced(byFloats: shape)
        return samples
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
            "the label of sample \(rows[index]) is \(labels[index]), outside 0...\(classes - 1) (\(words))",
            remedy: labels[index] < 0
                ? "leave its row out if it has no class, or say with --label-offset where labels begin" : nil)
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
