import HDF5Storage

/// A data file, understood and checked: its splits with all their targets. Samples stay on disk.
public struct DatasetFile: Sendable {
    /// The attribute `format` of files in dptrain's own schema, whose images are always [N, H, W, C].
    public static let format = "dptrain-dataset"
    /// The attribute `version` of such files.
    public static let version = 1

    public let path: String
    public let splits: [Split: SampleSet]
    /// How many classes there are; 0 without labels.
    public let classes: Int
    public let classNames: [String]?
    /// Mean and standard deviation of the training samples by channel, in the samples' own units, where the file has
    /// them.
    public let statistics: (mean: [Float], deviation: [Float])?

    public static func open(_ path: String, options: DatasetOptions = DatasetOptions()) throws -> DatasetFile {
        try DatasetFile(HDF5File.open(path), options)
    }

    private init(_ file: HDF5File, _ options: DatasetOptions) throws {
        path = file.path
        let attributes = file.root.attributes
        // Files of others may have something else under these names.
        let names = (try? attributes.strings("classes")) ?? []
        if let mean: [Float] = try? attributes.values("mean"), let deviation: [Float] = try? attributes.values("std") {
            statistics = (mean, deviation)
        } else {
            statistics = nil
        }
        let isNative = (try? attributes.string("format")) == Self.format
        if isNative, try attributes.int("version") > Self.version {
            throw DatasetError(
                file: path, "it has version \(try attributes.int("version")) of the format, newer than \(Self.version)",
                remedy: "read it with a newer dptrain")
        }
        let order = options.order ?? (isNative ? .nhwc : nil)
        let schema = try DatasetSchema(of: file, options: options)
        var found: [Split: (source: SampleSource, targets: Targets, width: Int?, path: String?)] = [:]
        for (split, paths) in schema.splits {
            let source = try SampleSource(Self.dataset(paths.samples, in: file, options), order: order)
            guard let path = paths.targets else {
                found[split] = (source, .none, nil, nil)
                continue
            }
            let reader = TargetReader(
                dataset: try Self.dataset(path, in: file, options), samples: source.dataset.rows, kind: options.targets)
            let (targets, width) = try reader.read()
            found[split] = (source, targets, width, path)
        }
        let classes =
            options.classes
            ?? Self.classes(named: names.count, found.mapValues { ($0.targets, $0.width) })
        let classNames = names.count == classes && !names.isEmpty ? names : nil
        var splits: [Split: SampleSet] = [:]
        for (split, part) in found {
            splits[split] = SampleSet(
                split: split, source: part.source, rows: .run(0..<part.source.dataset.rows), targets: part.targets,
                targetsPath: part.path, classes: Self.hasLabels(part.targets) ? classes : 0,
                classNames: Self.hasLabels(part.targets) ? classNames : nil)
        }
        if let path = options.sampleWeights, let train = splits[.train] {
            splits[.train] = try train.weighted(by: Self.dataset(path, in: file, options))
        }
        self.classes = classes
        self.classNames = classNames
        self.splits = splits
        try Split.allCases.forEach { try splits[$0]?.checkLabels() }
        try refuseDifferentSamples()
    }

    /// Whatever a split needs is there in full before any of it is read.
    private static func dataset(_ path: String, in file: HDF5File, _ options: DatasetOptions) throws -> Dataset {
        let dataset = try file.root.dataset(path)
        try dataset.requireStored(allowExternal: options.allowsExternal)
        return dataset
    }

    /// A split of the file, or an error that says which there are.
    public func split(_ split: Split) throws -> SampleSet {
        if let dataset = splits[split] { return dataset }
        let present = Split.allCases.filter { splits[$0] != nil }.map(\.rawValue).joined(separator: ", ")
        throw DatasetError(file: path, "it has no \(split.rawValue) samples", remedy: "it has: \(present)")
    }

    /// The split that is looked at where none is named: test, else validation, else train.
    public var usualSplit: Split { [.test, .validation].first { splits[$0] != nil } ?? .train }

    /// The names' number, else the columns of one-hot labels, else one more than the largest training label.
    private static func classes(named: Int, _ found: [Split: (targets: Targets, width: Int?)]) -> Int {
        let targets = found[.train].map { [$0] } ?? Array(found.values)
        let largest =
            targets.map { part -> Int in
                guard case .labels(let labels) = part.targets else { return -1 }
                return Int(labels.max() ?? -1)
            }.max() ?? -1
        guard largest >= 0 || named > 0 else { return 0 }
        return named > 0 ? named : targets.compactMap(\.width).max() ?? largest + 1
    }

    private static func hasLabels(_ targets: Targets) -> Bool {
        if case .labels = targets { return true }
        return false
    }

    private func refuseDifferentSamples() throws {
        let present = Split.allCases.compactMap { splits[$0] }
        guard let first = present.first else { return }
        for other in present.dropFirst() where other.sample != first.sample || other.source.form != first.source.form {
            throw DatasetError(
                file: path, object: other.source.dataset.path,
                "its samples are \(other.sample) of \(other.source.dataset.elementType), but those of "
                    + "\(first.source.dataset.path) are \(first.sample) of \(first.source.dataset.elementType)")
        }
    }
}
