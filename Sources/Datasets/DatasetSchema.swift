import HDF5Storage
import Basics
import Transforms

/// Where the samples and targets of each split lie in a file: in dptrain's own schema (`/train/images`,
/// `/train/labels`), or in those that others use (`x_train`, `train_images`, `val/data`, a lone `images`, ...). Names
/// are compared without regard to case. Two candidates for one thing are an error that lists both.
public struct DatasetSchema: Sendable, Equatable {
    /// The absolute paths of a split's data sets.
    public struct Paths: Sendable, Equatable {
        public var samples: String
        /// nil where the file has no targets for the split.
        public var targets: String?
        /// Samples of the other inputs, where the network has several.
        public var further: [String] = []
        /// Those of each head, where the network has several; none where the file has none of them.
        public var heads: [String] = []
        /// The rows of both that belong to the split; nil for all.
        public var rows: RowSelection?
    }

    public private(set) var splits: [Split: Paths] = [:]
    /// The paths of data sets that say which rows belong to a split.
    private(set) var lists: [String] = []

    package static let sampleNames = ["images", "imgs", "image", "data", "x", "features", EncodedImages.name]
    package static let targetNames = ["labels", "label", "targets", "target", "y"]

    static func names(of split: Split) -> [String] {
        switch split {
        case .train: ["train", "training"]
        case .validation: ["validation", "valid", "val"]
        case .test: ["test", "testing"]
        }
    }

    /// `options.images` and `options.labels` replace what would be found for the training split.
    public init(of file: HDF5File, options: DatasetOptions = DatasetOptions()) throws {
        let present = try file.root.linkedDatasets()
        for split in Split.allCases {
            let chosen = split == .train ? options : DatasetOptions()
            guard let (samples, further) = try Self.inputs(chosen, options.inputs, of: split, present, file) else {
                continue
            }
            guard options.heads.isEmpty else {
                let heads = try Self.heads(options.heads, of: split, present, file)
                splits[split] = Paths(samples: samples, targets: nil, further: further, heads: heads)
                continue
            }
            var targets = chosen.labels
            if targets == nil {
                if chosen.images != nil, DatasetPath(samples).file == nil {
                    targets = try Self.only(Self.siblings(of: samples), "labels or targets", split, present, file)
                }
                targets =
                    try targets
                    ?? Self.only(Self.names(Self.targetNames, of: split), "labels or targets", split, present, file)
            }
            splits[split] = Paths(samples: samples, targets: targets, further: further)
        }
        guard splits.isEmpty else {
            try applySplitAttribute(of: file)
            return
        }
        let paths = present.entries.map(\.path)
        let content = paths.isEmpty ? "it has no data sets" : "its data sets are \(paths.listed(atMost: 50))"
        throw DatasetError(
            file: file.path, "no images or features found; \(content)", remedy: "name them with --images and --labels")
    }

    /// Gives splits that lie in one data set their rows, so that none is trained on that belongs to another.
    private mutating func applySplitAttribute(of file: HDF5File) throws {
        guard let shared = splits[.train], let attribute = try SplitAttribute(of: file),
            attribute.knows(shared.samples)
        else { return }
        lists = attribute.lists
        splits[.train] = nil
        for split in Split.allCases where splits[split] == nil {
            func rowsOf(_ path: String) throws -> RowSelection? {
                try attribute.rows(of: split, in: path, count: file.root.dataset(path).rows)
            }
            guard let rows = try rowsOf(shared.samples) else { continue }
            for path in shared.further + shared.heads {
                let path = path.hasPrefix("/") ? path : "/" + path
                guard attribute.knows(path), let own = try rowsOf(path), own != rows else { continue }
                throw DatasetError(
                    file: file.path, object: path,
                    "its \(split.rawValue) rows are others than those of \(shared.samples) (attribute split)",
                    remedy: "write all inputs and targets in the same order")
            }
            var part = shared
            part.rows = rows
            if let targets = shared.targets, attribute.knows(targets) {
                let labelled = try rowsOf(targets)
                guard labelled == nil || labelled == rows else {
                    throw DatasetError(
                        file: file.path, object: targets,
                        "its \(split.rawValue) rows are others than those of \(shared.samples) (attribute split)",
                        remedy: "write targets in the order of their samples")
                }
                part.targets = labelled.map { _ in targets }
            }
            splits[split] = part
        }
    }

    /// The paths, in lower case, that some file has one of these words under.
    package static func names(_ words: [String], of split: Split) -> Set<String> {
        var wanted = Set<String>()
        for word in words {
            for name in names(of: split) {
                wanted.formUnion(["/\(name)/\(word)", "/\(word)_\(name)", "/\(name)_\(word)"])
            }
            if split == .train { wanted.insert("/\(word)") }
        }
        return wanted
    }

    /// The samples of a split: those of the main input, and of the others where the network has several. Nil where there are none.
    private static func inputs(
        _ chosen: DatasetOptions, _ inputs: [InputDemand], of split: Split, _ present: LinkedDatasets, _ file: HDF5File
    ) throws -> (main: String, further: [String])? {
        func usual() throws -> String? { try only(names(sampleNames, of: split), "samples", split, present, file) }
        guard !inputs.isEmpty else { return try (chosen.images ?? usual()).map { ($0, []) } }
        let found = try inputs.map { input -> String? in
            if split == .train, let path = input.path { return path }
            let own = try only(
                names([input.word], of: split), "samples of the input \(input.name)", split, present, file)
            return try own ?? (input.isMain && input.path == nil ? usual() : nil)
        }
        guard found.contains(where: { $0 != nil }) else { return nil }
        try requireDistinct(inputs.map { ($0.name, $0.path, $0.word) }, found, "inputs", "samples", of: split, file)
        if let missing = zip(inputs, found).first(where: { $0.1 == nil })?.0 {
            throw DatasetError(
                file: file.path, "there are no \(split.rawValue) samples for the input \(missing.name) of the model",
                remedy: "store them as /\(split.rawValue)/\(missing.word)"
                    + (split == .train
                        ? ", or say where all inputs are: --images "
                            + inputs.map { "\($0.name)=PATH" }.joined(separator: ",") : ""))
        }
        let paths = zip(inputs, found.compactMap(\.self))
        guard let main = paths.first(where: { $0.0.isMain }) else { return nil }
        return (main.1, paths.filter { !$0.0.isMain }.map(\.1))
    }

    /// Refuses two things of other splits that would be found under one word, and two that were found as one without a person
    /// having said so.
    private static func requireDistinct(
        _ words: [(name: String, path: String?, word: String)], _ found: [String?], _ things: String, _ content: String,
        of split: Split, _ file: HDF5File
    ) throws {
        for (number, own) in words.enumerated() where found[number] != nil {
            guard let first = found[..<number].firstIndex(of: found[number]),
                own.path == nil || words[first].path == nil
            else { continue }
            throw DatasetError(
                file: file.path, object: found[number],
                "the \(things) \(words[first].name) and \(own.name) would both take their \(split.rawValue) \(content) from it",
                remedy: "give each its own, or say where all are with --images or --labels")
        }
        guard split != .train else { return }
        for (number, own) in words.enumerated() {
            guard let twin = words[..<number].first(where: { $0.word == own.word && $0.path != own.path }) else {
                continue
            }
            throw DatasetError(
                file: file.path,
                "the \(things) \(twin.name) and \(own.name) would both take their \(split.rawValue) \(content) from \(own.word)",
                remedy: "give their training \(content) names whose last parts differ")
        }
    }

    /// The targets of each head, or of none: predictions need none.
    private static func heads(
        _ heads: [HeadDemand], of split: Split, _ present: LinkedDatasets, _ file: HDF5File
    ) throws -> [String] {
        let found = try heads.map { head -> String? in
            if split == .train, let path = head.path { return path }
            return try only(names([head.word], of: split), "targets of the output \(head.name)", split, present, file)
        }
        try requireDistinct(heads.map { ($0.name, $0.path, $0.word) }, found, "outputs", "targets", of: split, file)
        guard found.contains(where: { $0 != nil }) else { return [] }
        if let missing = zip(heads, found).first(where: { $0.1 == nil })?.0 {
            throw DatasetError(
                file: file.path, "there are no \(split.rawValue) targets for the output \(missing.name) of the model",
                remedy: split == .train
                    ? "store them as /train/\(missing.word), or name the targets of all outputs: --labels "
                        + heads.map { "\($0.name)=PATH" }.joined(separator: ",")
                    : "store them as /\(split.rawValue)/\(missing.word)")
        }
        return found.compactMap(\.self)
    }

    /// Targets that lie beside samples which were named explicitly.
    private static func siblings(of samples: String) -> Set<String> {
        let folder = samples.split(separator: "/").dropLast().map { "/" + $0.lowercased() }.joined()
        return Set(targetNames.map { "\(folder)/\($0)" })
    }

    /// The data set that has one of the wanted names. Several names of one data set are one candidate.
    private static func only(
        _ wanted: Set<String>, _ what: String, _ split: Split, _ present: LinkedDatasets, _ file: HDF5File
    ) throws -> String? {
        if let dead = present.deadLinks.first(where: { wanted.contains($0.path.lowercased()) }) {
            throw DatasetError(
                file: file.path, object: dead.path, "it is a link to \(dead.target), which cannot be opened",
                remedy: "put what it names where it is expected, or delete the link")
        }
        let named = present.entries.filter { wanted.contains($0.path.lowercased()) }
        guard let first = named.first else { return nil }
        guard !named.allSatisfy({ $0.isSame(as: first) }) else { return first.path }
        let candidates = named.map(\.path).joined(separator: ", ")
        throw DatasetError(
            file: file.path, "several data sets could hold the \(split.rawValue) \(what): \(candidates)",
            remedy: split == .train
                ? "choose one with \(what == "samples" ? "--images" : "--labels")" : "keep one of them in the file")
    }
}
