import HDF5Storage

/// Where the samples and targets of each split lie in a file: in dptrain's own schema (`/train/images`,
/// `/train/labels`), or in those that others use (`x_train`, `train_images`, `val/data`, a lone `images`, ...). Names
/// are compared without regard to case. Two candidates for one thing are an error that lists both.
public struct DatasetSchema: Sendable, Equatable {
    /// The absolute paths of a split's data sets.
    public struct Paths: Sendable, Equatable {
        public var samples: String
        /// nil where the file has no targets for the split.
        public var targets: String?
    }

    public private(set) var splits: [Split: Paths] = [:]

    static let sampleNames = ["images", "imgs", "image", "data", "x", "features"]
    static let targetNames = ["labels", "label", "targets", "target", "y"]

    static func names(of split: Split) -> [String] {
        switch split {
        case .train: ["train", "training"]
        case .validation: ["validation", "valid", "val"]
        case .test: ["test", "testing"]
        }
    }

    /// `options.images` and `options.labels` replace what would be found for the training split.
    public init(of file: HDF5File, options: DatasetOptions = DatasetOptions()) throws {
        let present = try file.root.allDatasets()
        for split in Split.allCases {
            let chosen = split == .train ? options : DatasetOptions()
            var samples = chosen.images
            if samples == nil {
                let candidates = Self.candidates(Self.sampleNames, split, present)
                samples = try Self.only(candidates, "samples", split, "--images", file)
            }
            guard let samples else { continue }
            var targets = chosen.labels
            if targets == nil {
                let beside = chosen.images == nil ? [] : Self.siblings(of: samples, present)
                let candidates = beside.isEmpty ? Self.candidates(Self.targetNames, split, present) : beside
                targets = try Self.only(candidates, "answers", split, "--labels", file)
            }
            splits[split] = Paths(samples: samples, targets: targets)
        }
        guard splits.isEmpty else { return }
        if let encoded = present.first(where: { $0.hasSuffix("/encoded") }) {
            throw DatasetError(
                file: file.path, object: encoded, "encoded images cannot be read directly",
                remedy: "decode them into a data set of pixels")
        }
        let content = present.isEmpty ? "it has no data sets" : "its data sets are \(present.joined(separator: ", "))"
        throw DatasetError(
            file: file.path, "no images or features found; \(content)", remedy: "name them with --images and --labels")
    }

    private static func candidates(_ words: [String], _ split: Split, _ present: [String]) -> [String] {
        var wanted = Set<String>()
        for word in words {
            for name in names(of: split) {
                wanted.formUnion(["/\(name)/\(word)", "/\(word)_\(name)", "/\(name)_\(word)"])
            }
            if split == .train { wanted.insert("/\(word)") }
        }
        return present.filter { wanted.contains($0.lowercased()) }
    }

    /// Targets that lie beside samples which were named explicitly.
    private static func siblings(of samples: String, _ present: [String]) -> [String] {
        let folder = samples.split(separator: "/").dropLast().map { "/" + $0.lowercased() }.joined()
        let wanted = Set(targetNames.map { "\(folder)/\($0)" })
        return present.filter { wanted.contains($0.lowercased()) }
    }

    private static func only(
        _ candidates: [String], _ what: String, _ split: Split, _ option: String, _ file: HDF5File
    ) throws -> String? {
        guard candidates.count > 1 else { return candidates.first }
        throw DatasetError(
            file: file.path,
            "several data sets could hold the \(split.rawValue) \(what): \(candidates.joined(separator: ", "))",
            remedy: split == .train ? "choose one with \(option)" : "keep one of them in the file")
    }
}
