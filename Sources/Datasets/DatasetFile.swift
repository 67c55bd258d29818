import Basics
import HDF5Storage
import Transforms

/// A data file, understood and checked: its splits with all their targets. Samples stay on disk.
public struct DatasetFile: Sendable {
    /// The attribute `format` of files in dptrain's own schema, whose images are always [N, H, W, C].
    public static let format = "dptrain-dataset"
    /// The attribute `version` of such files.
    public static let version = 1

    public let path: String
    let options: DatasetOptions
    public let splits: [Split: SampleSet]
    /// How many classes there are; 0 without labels.
    public let classes: Int
    public let classNames: [String]?
    /// Mean and standard deviation of the training samples by channel, in the samples' own units, where the file has
    /// them.
    public let statistics: (mean: [Float], deviation: [Float])?
    /// How the file was understood, where that is not plain: a sentence each.
    public let notes: [String]
    /// Paths of data sets and attributes that were not understood, in files of others.
    public let unused: [String]

    /// Opens a file, or all part files in a folder, or those that a pattern such as `imagenet/*.h5` names.
    public static func open(_ path: String, options: DatasetOptions = DatasetOptions()) throws -> DatasetFile {
        let files = try DatasetPaths(path).files
        if files.count > 1 { return try open(parts: files, named: path, options) }
        return try DatasetFile(HDF5File.open(files[0]), options)
    }

    init(
        path: String, options: DatasetOptions, splits: [Split: SampleSet], classes: Int, classNames: [String]?,
        statistics: (mean: [Float], deviation: [Float])?, notes: [String], unused: [String]
    ) throws {
        self.path = path
        self.options = options
        self.splits = splits
        self.classes = classes
        self.classNames = classNames
        self.statistics = statistics
        self.notes = notes
        self.unused = unused
        try check()
    }

    init(_ file: HDF5File, _ options: DatasetOptions) throws {
        path = file.path
        let options = try options.choosingMain(in: file)
        self.options = options
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
        // Of encoded images: of which channels there are statistics.
        let channels = statistics?.mean.count == 1 ? 1 : 3
        let schema = try DatasetSchema(of: file, options: options)
        var parts: [Split: Part] = [:]
        var known: [String]? = names.isEmpty ? nil : names
        // Training samples come first: their labels, if they are words, number those of the others.
        for split in Split.allCases {
            guard let paths = schema.splits[split] else { continue }
            let part = try Part(
                paths, in: file, options, order: order, channels: channels, classNames: known,
                heads: parts[.train]?.heads ?? [])
            known = known ?? part.found.names
            parts[split] = part
        }
        notes = Self.notes(parts)
        let offsets = try parts.values.flatMap { [$0.source] + $0.further.map(\.source) }.filter(\.parts.areEncoded).map
        {
            try EncodedImages.offsetsPath(of: $0.dataset.path, in: file)
        }
        let targets = schema.splits.values.flatMap {
            [$0.samples, $0.targets].compactMap(\.self) + $0.further + $0.heads
        }
        let used = targets + offsets + schema.lists + [options.sampleWeights].compactMap(\.self)
        unused = isNative ? [] : try UnusedContent.of(file, used: used)
        let classes = options.classes ?? Self.classes(named: known?.count ?? 0, parts)
        let classNames = known?.count == classes ? known : nil
        var splits: [Split: SampleSet] = [:]
        for (split, part) in parts {
            let targets = part.found.targets
            splits[split] = SampleSet(
                split: split, source: part.source, rows: part.rows, targets: targets,
                targetsPath: part.targetsPath,
                classes: Self.hasLabels(targets) ? classes : 0, classNames: Self.hasLabels(targets) ? classNames : nil,
                heads: part.heads, further: part.further)
        }
        if let path = options.sampleWeights, let train = splits[.train] {
            splits[.train] = try train.weighted(by: Part.dataset(path, in: file, options))
        }
        self.classes = classes
        self.classNames = classNames
        self.splits = splits
        try check()
    }

    private func check() throws {
        try Split.allCases.forEach { try splits[$0]?.checkLabels() }
        try refuseDifferentSamples()
    }

    /// A split before it is known how many classes there are.
    private struct Part {
        let source: SampleSource
        /// Of the same rows.
        let further: [FurtherInput]
        let rows: RowSelection
        let found: TargetReader.Found
        let targetsPath: String?
        /// Empty where the network has one output with targets.
        let heads: [HeadTargets]

        /// `heads` are those of the training split, if it has been read.
        init(
            _ paths: DatasetSchema.Paths, in file: HDF5File, _ options: DatasetOptions, order: ChannelOrder?,
            channels: Int, classNames: [String]?, heads known: [HeadTargets]
        ) throws {
            let main = options.inputs.first(where: \.isMain)
            let source = try Self.source(paths.samples, of: main, in: file, options, order: order, channels: channels)
            self.source = source
            further = try zip(options.inputs.filter { !$0.isMain }, paths.further).map { demand, path in
                let own = try Self.source(path, of: demand, in: file, options, order: nil, channels: 3)
                return try FurtherInput(demand, own, like: source)
            }
            try Self.requireOwnOffsets([source] + further.map(\.source), in: file)
            rows = paths.rows ?? .run(0..<source.parts.rows)
            targetsPath = paths.targets ?? paths.heads.first
            var found: TargetReader.Found
            if !paths.heads.isEmpty {
                (found, heads) = try HeadReader(
                    heads: options.heads, datasets: paths.heads.map { try Self.dataset($0, in: file, options) },
                    samples: source.parts.rows, options: options, known: known
                ).read()
            } else if let path = paths.targets {
                let reader = TargetReader(
                    dataset: try Self.dataset(path, in: file, options), samples: source.parts.rows, options: options,
                    classNames: classNames)
                (found, heads) = (try reader.read(), [])
            } else {
                (self.found, heads) = (TargetReader.Found(targets: .none), [])
                return
            }
            switch rows {
            case .run(let range) where range.count == source.parts.rows: break
            case .run(let range): found.targets = found.targets[range]
            case .list(let numbers): found.targets = found.targets[numbers]
            }
            self.found = found
        }

        /// `demand` is that of a network with several inputs.
        private static func source(
            _ path: String, of demand: InputDemand?, in file: HDF5File, _ options: DatasetOptions, order: ChannelOrder?,
            channels: Int
        ) throws -> SampleSource {
            let samples = try dataset(path, in: file, options)
            // A byte a sample is a number, where the network takes numbers.
            let mayBeEncoded = demand?.shape.map { $0.rank == 3 } ?? true
            guard let images = mayBeEncoded ? try EncodedImages(samples, in: file) : nil else {
                return try SampleSource(
                    samples, order: order ?? demand?.order(of: samples), mayBeNumbers: demand != nil)
            }
            guard let demand, !demand.isMain else { return try SampleSource(images, channels: channels) }
            return try SampleSource(images, for: demand)
        }

        /// Refuses bytes of two inputs that one list of offsets would cut.
        private static func requireOwnOffsets(_ sources: [SampleSource], in file: HDF5File) throws {
            var takers: [String: String] = [:]
            for source in sources where source.parts.areEncoded && !source.dataset.holdsByteLists {
                let own = source.dataset.path
                let offsets = try EncodedImages.offsetsPath(of: own, in: file)
                if let other = takers.updateValue(own, forKey: offsets), other != own {
                    throw DatasetError(
                        file: file.path, object: own,
                        "\(offsets) would say where its images begin, and those of \(other)",
                        remedy: "store the places of its images in \(own)\(EncodedImages.ownOffsetsEnding)")
                }
            }
        }

        /// Whatever a split needs is there in full before any of it is read.
        static func dataset(_ path: String, in file: HDF5File, _ options: DatasetOptions) throws -> Dataset {
            let dataset = try DatasetPath(path).dataset(in: file)
            try dataset.refuseMATLABObjects()
            try dataset.requireStored(allowExternal: options.allowsExternal)
            return dataset
        }
    }

    /// Of all splits, each once.
    private static func notes(_ parts: [Split: Part]) -> [String] {
        let present = Split.allCases.compactMap { split in parts[split].map { (split, $0) } }
        let shared = present.filter { $0.1.rows.count < $0.1.source.parts.rows }
        var notes: [String] = []
        if let path = shared.first?.1.source.dataset.path {
            let rows = shared.map { "\($0.rawValue) \($1.rows.text)" }
            notes.append("rows of \(path), as the attribute split says: \(rows.joined(separator: ", "))")
            notes += doubled(shared.map { ($0.0.rawValue, $0.1.rows) }, path)
        }
        for (_, part) in present {
            notes += (part.source.notes + part.further.flatMap(\.source.notes) + part.found.notes).filter {
                !notes.contains($0)
            }
        }
        return notes
    }

    /// Rows that two splits have.
    private static func doubled(_ splits: [(name: String, rows: RowSelection)], _ path: String) -> [String] {
        splits.indices.flatMap { first in
            splits[(first + 1)...].compactMap { other in
                let rows = Set((0..<other.rows.count).map { other.rows[$0] })
                let both = (0..<splits[first].rows.count).count { rows.contains(splits[first].rows[$0]) }
                return both == 0
                    ? nil : "\(splits[first].name) and \(other.name) share \(Figures.count(both, "row")) of \(path)"
            }
        }
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
    private static func classes(named: Int, _ parts: [Split: Part]) -> Int {
        let found = parts[.train].map { [$0.found] } ?? parts.values.map(\.found)
        let largest =
            found.map { part -> Int in
                guard case .labels(let labels) = part.targets else { return -1 }
                return Int(labels.max() ?? -1)
            }.max() ?? -1
        guard largest >= 0 || named > 0 else { return 0 }
        return named > 0 ? named : found.compactMap(\.width).max() ?? largest + 1
    }

    private static func hasLabels(_ targets: Targets) -> Bool {
        if case .labels = targets { return true }
        return false
    }

    private func refuseDifferentSamples() throws {
        let present = Split.allCases.compactMap { splits[$0] }
        guard let first = present.first else { return }
        for (first, other) in present.dropFirst().flatMap({ zip(first.sources, $0.sources) })
        where other.sample != first.sample || other.form != first.form {
            throw DatasetError(
                file: path, object: other.dataset.path,
                "its samples are \(other.sample) of \(other.dataset.elementType), but those of "
                    + "\(first.dataset.path) are \(first.sample) of \(first.dataset.elementType)")
        }
    }
}
