import Basics
import HDF5Storage
import Transforms

/// Several part files as one data set.
extension DatasetFile {
    /// Opens one file after the other, of which only the first stays open: a process may have some hundred open files.
    static func open(parts files: [String], named text: String, _ options: DatasetOptions) throws -> DatasetFile {
        let first = try DatasetFile(HDF5File.open(files[0]), options)
        try first.refuseOtherSplit()
        var joined = try Joined(first)
        var options = options
        // Labels that are words have the same numbers in all files.
        options.classNames = options.classNames ?? first.classNames
        for file in files.dropFirst() {
            let part = try DatasetFile(HDF5File.open(file), options)
            try part.refuseOtherSplit()
            try joined.add(part)
        }
        return try joined.file(named: text)
    }

    /// A file called `val-...` whose samples would be trained on, since their names say nothing else.
    private func refuseOtherSplit() throws {
        let name = path.split(separator: "/").last.map { $0.lowercased() } ?? ""
        for split in [Split.validation, .test] where splits[split] == nil {
            let words = DatasetSchema.names(of: split)
            guard let samples = splits[.train]?.source,
                words.contains(where: { name.hasPrefix($0 + "-") || name.hasPrefix($0 + "_") })
            else { continue }
            throw DatasetError(
                file: path, object: samples.dataset.path,
                "the file's name says \(split.rawValue), but these samples are for training",
                remedy: "store them below /\(split.rawValue), or name only the files to train on")
        }
    }
}

/// What has been read of part files so far. No file stays open for it but the first of each split.
private struct Joined {
    private struct Pieces {
        let first: SampleSet
        /// Of each input, the main one first.
        var inputs: [[(parts: SampleParts, access: SampleSource.Access)]]
        var targets: [Targets] = []
        /// Nil where samples have none.
        var weights: [Float]?
        /// The most that a part tells apart.
        var classes = 0
        var heads: [HeadTargets]
    }

    private let first: DatasetFile
    private var pieces: [Split: Pieces] = [:]
    /// Of the training samples of each part; nil once a part does not say it.
    private var statistics: [(count: Int, mean: [Float], deviation: [Float])]? = []

    init(_ first: DatasetFile) throws {
        self.first = first
        try add(first)
    }

    mutating func add(_ part: DatasetFile) throws {
        guard part.classNames == first.classNames else {
            throw DatasetError(
                file: part.path, "its classes are not those of \(first.path)",
                remedy: "all part files name the same classes in the same order")
        }
        for split in Split.allCases {
            guard let set = part.splits[split] else { continue }
            guard set.rows == .run(0..<set.source.parts.rows) else {
                throw DatasetError(
                    file: part.path, object: set.source.dataset.path,
                    "an attribute says which of its rows are for which purpose, and part files have none",
                    remedy: "store each split in a data set of its own")
            }
            var piece =
                pieces[split]
                ?? Pieces(
                    first: set, inputs: set.sources.map { _ in [] }, weights: set.weights.map { _ in [] },
                    heads: set.heads)
            try set.requireSameKind(as: piece.first)
            piece.heads = try set.joinedHeads(with: piece.heads)
            for (number, source) in set.sources.enumerated() {
                piece.inputs[number].append((source.parts.closed, source.access))
            }
            piece.targets.append(set.targets)
            piece.weights?.append(contentsOf: set.weights ?? [])
            piece.classes = max(piece.classes, set.classes)
            pieces[split] = piece
        }
        guard let count = part.splits[.train]?.count else { return }
        if let (mean, deviation) = part.statistics {
            statistics?.append((count, mean, deviation))
        } else {
            statistics = nil
        }
    }

    func file(named text: String) throws -> DatasetFile {
        let classes =
            first.classNames?.count ?? pieces[.train]?.classes ?? pieces.values.map(\.classes).max() ?? 0
        let splits = pieces.mapValues { piece in
            let set = piece.first
            let sources = zip(piece.inputs, set.sources).map { pieces, first in
                SampleSource(joining: pieces.map(\.parts), pieces.map(\.access), first: first, file: text)
            }
            let source = sources[0]
            return SampleSet(
                split: set.split, source: source, rows: .run(0..<source.parts.rows),
                targets: Targets(joining: piece.targets), weights: piece.weights, targetsPath: set.targetsPath,
                classes: set.classes > 0 ? classes : 0, classNames: set.classNames, heads: piece.heads,
                further: zip(set.further, sources.dropFirst()).map { $0.reading($1) })
        }
        return try DatasetFile(
            path: text, options: first.options, splits: splits, classes: classes, classNames: first.classNames,
            statistics: joinedStatistics, notes: first.notes, unused: first.unused)
    }

    /// Mean and deviation of all training samples: each part counts as much as it has samples.
    private var joinedStatistics: (mean: [Float], deviation: [Float])? {
        guard let statistics, let first = statistics.first,
            statistics.allSatisfy({ $0.mean.count == first.mean.count && $0.deviation.count == first.mean.count })
        else { return nil }
        let all = Double(statistics.reduce(0) { $0 + $1.count })
        func average(_ value: (_ mean: Double, _ deviation: Double) -> Double, _ channel: Int) -> Double {
            statistics.reduce(0) {
                $0 + Double($1.count) / all * value(Double($1.mean[channel]), Double($1.deviation[channel]))
            }
        }
        let channels = first.mean.indices
        let means = channels.map { average({ mean, _ in mean }, $0) }
        let squares = channels.map { average({ $0 * $0 + $1 * $1 }, $0) }
        return (
            means.map { Float($0) }, zip(means, squares).map { Float(max(0, $1 - $0 * $0).squareRoot()) }
        )
    }
}

extension SampleSet {
    fileprivate func requireSameKind(as other: SampleSet) throws {
        for (mine, others) in zip(sources, other.sources) {
            let isSame =
                mine.sample == others.sample && mine.form == others.form && mine.order == others.order
                && mine.parts.areEncoded == others.parts.areEncoded
                && mine.dataset.elementType == others.dataset.elementType
            guard isSame else {
                throw DatasetError(
                    file: file, object: mine.dataset.path,
                    "its samples are \(mine.kind), but those of \(other.file) are \(others.kind)",
                    remedy: "part files hold samples of one kind")
            }
        }
        switch (targets, other.targets) {
        case (.labels, .labels), (.none, .none): return
        case (.targets(_, let width), .targets(_, let otherWidth)) where width == otherWidth: return
        default:
            throw DatasetError(
                file: file, object: targetsPath ?? source.dataset.path,
                "its targets are of another kind than those of \(other.file)",
                remedy: "part files hold targets of one kind")
        }
    }
}

extension SampleSource {
    /// `32x32x3 of uint8`, `encoded images`
    fileprivate var kind: String { parts.areEncoded ? "encoded images" : "\(sample) of \(dataset.elementType)" }
}

extension Targets {
    /// Of several parts, which are of one kind.
    fileprivate init(joining all: [Targets]) {
        switch all.first {
        case .labels:
            self = .labels(all.flatMap { if case .labels(let values) = $0 { values } else { [Int32]() } })
        case .targets(_, let width):
            self = .targets(
                all.flatMap { if case .targets(let values, _) = $0 { values } else { [Float]() } }, width: width)
        case .some(.none), nil: self = .none
        }
    }
}
