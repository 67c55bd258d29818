import Basics
import ImageCoding
import ImportSources

/// Image files of any sizes: a folder for each class, with folders `train`, `validation` and `test` above them or not, or a
/// table of files and labels beside them (`ImageTable`). They lie in folders or archives, also in a tar of tars, one for each
/// class, as ImageNet has them.
///
/// Folders within a class belong to it. What lies around everything else, such as the one folder of an archive, is passed over.
struct ImageFolderImporter: Importer {
    let name = "images"
    let summary =
        "JPEG, PNG or WebP files in a folder a class, under train/, validation/ and test/ or not, or beside a CSV of file,label; "
        + "in folders or archives"
    let isGeneral = true
    let options = [split, seed, ImageTable.option]

    private static let split = ImporterOption(
        "split", value: "80/10/10", help: "percent of each class for training, validation and test, chosen at random")
    private static let seed = ImporterOption("seed", value: "n", help: "seed of --split (default: 0)")
    private static let endings = [".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".webp"]
    /// Files whose first bytes are looked at if no name is that of an image.
    private static let mostLooks = 16

    func recognizes(_ input: ImportInput) throws(ImportError) -> Bool {
        let tree = try input.tree()
        if tree.files.contains(where: { Self.hasImageName($0.path) }) { return true }
        let reader = FileTreeReader(tree)
        for file in tree.files.lazy.filter(\.isSomewhere).prefix(Self.mostLooks) {
            var head = [UInt8](repeating: 0, count: 12)
            let source = try reader.open(file)
            var failure: ImportError?
            head.withUnsafeMutableBytes { buffer in
                do throws(ImportError) { _ = try source.read(into: buffer) } catch { failure = error }
            }
            if let failure { throw failure }
            if head.withUnsafeBytes(ImageHeader.format) != nil { return true }
        }
        return false
    }

    static func hasImageName(_ path: String) -> Bool {
        let lower = path.lowercased()
        return endings.contains { lower.hasSuffix($0) }
    }

    func open(_ input: ImportInput, _ options: FormatOptions) throws(ImportError) -> ImportedDataset {
        let shares = try SplitShares(options.values[Self.split.name], seed: options.values[Self.seed.name])
        var images =
            if let tables = try ImageTable.labels(of: input, options) { tables } else { try FolderLabels(input).labels }
        if let shares { try shares.divide(&images, input.path) }
        let splits = try images.splits(input)
        return ImportedDataset(
            classes: images.classes, images: splits, warnings: images.warnings + images.warningsOfClasses)
    }
}

/// The images of an input, their labels and splits.
struct LabelledImages {
    struct Item {
        /// The place in `files`.
        let file: Int32
        let label: Int32
        var split: Split
    }

    enum Split: String, CaseIterable {
        case train, validation, test

        /// The split that a folder or a table is for, told by its name.
        init?(_ word: some StringProtocol) {
            switch word.lowercased() {
            case "train", "training": self = .train
            case "validation", "valid", "val", "dev": self = .validation
            case "test", "testing": self = .test
            default: return nil
            }
        }

        /// The same if the word is the last of several: `ILSVRC2012_img_train`.
        init?(lastWordOf name: some StringProtocol) {
            guard let word = name.split(whereSeparator: { "_-. ".contains($0) }).last else { return nil }
            self.init(word)
        }
    }

    var files: [InputFile]
    /// In the order of `files`.
    var items: [Item]
    let classes: [String]
    /// Whether the source has splits.
    let hasSplits: Bool
    var warnings: [String]

    /// One for each split that has images.
    func splits(_ input: ImportInput) throws(ImportError) -> [ImageSplit] {
        let tree = try input.tree()
        let splits = Split.allCases.compactMap { split -> ImageSplit? in
            let own = items.filter { $0.split == split }
            return own.isEmpty ? nil : ImageSplit(name: split.rawValue, files: TreeImages(tree, files, own))
        }
        guard splits.first?.name == Split.train.rawValue else { throw .noTrainImages }
        return splits
    }

    /// What is possible, and seldom meant.
    var warningsOfClasses: [String] {
        var counts = [[Int]](repeating: [0, 0, 0], count: classes.count)
        for item in items { counts[Int(item.label)][Split.allCases.firstIndex(of: item.split) ?? 0] += 1 }
        var warnings = zip(classes, counts).filter { $1[0] == 0 }.map { name, _ in
            "class \(name) has no image in train: the network cannot learn it"
        }
        if classes.count == 1 {
            warnings.append("all images are of one class, \(classes[0]): a network that tells classes apart needs two")
        }
        return warnings
    }
}

/// Labels that are the names of folders.
private struct FolderLabels {
    let labels: LabelledImages

    init(_ input: ImportInput) throws(ImportError) {
        let tree = try input.tree()
        let base = Self.base(of: tree)
        var names: [(file: Int32, name: Substring, split: LabelledImages.Split)] = []
        var left: [String] = []
        let tops = Set(tree.files.lazy.filter(\.isSomewhere).compactMap { Self.folder(of: $0.path, below: base) })
            .sorted()
        let split = { (top: Substring) in
            input.kind == .several ? LabelledImages.Split(lastWordOf: top) : LabelledImages.Split(top)
        }
        let splitTops = tops.filter { split($0) != nil }
        let hasSplits = !splitTops.isEmpty
        if hasSplits, let other = tops.first(where: { split($0) == nil }) {
            throw .layout(
                input.path,
                reason:
                    "the folder \(splitTops[0]) is a split, but \(other) beside it is none; splits are train, validation "
                    + "and test: move or remove \(other)")
        }
        for (number, file) in tree.files.enumerated() {
            // What cannot be read is named later, but makes no class.
            guard file.isSomewhere else {
                names.append((Int32(number), "", .train))
                continue
            }
            guard let top = Self.folder(of: file.path, below: base) else {
                guard !ImageFolderImporter.hasImageName(file.path) else { throw Self.unlabelled(file, input) }
                left.append(file.path)
                continue
            }
            var folder = base + top + "/"
            var name = top
            if hasSplits {
                guard let inner = Self.folder(of: file.path, below: folder) else {
                    guard !ImageFolderImporter.hasImageName(file.path) else { throw Self.unlabelled(file, input) }
                    left.append(file.path)
                    continue
                }
                folder += inner + "/"
                name = inner
            }
            names.append((Int32(number), name, hasSplits ? split(top) ?? .train : .train))
        }
        let classes = Set(names.lazy.map(\.name).filter { !$0.isEmpty }).sorted {
            $0.utf8.lexicographicallyPrecedes($1.utf8)
        }
        guard !classes.isEmpty else { throw Self.nothingReadable(tree, input) }
        let numbers = Dictionary(uniqueKeysWithValues: zip(classes, Int32(0)...))
        var warnings = tree.emptyFolders.map { "the folder \($0) is empty, and no class" }
        if !left.isEmpty {
            warnings.append(
                "\(Figures.count(left.count, "file")) in no class folder \(left.count == 1 ? "was" : "were") left out: "
                    + left.listed(atMost: 5))
        }
        labels = LabelledImages(
            files: tree.files,
            items: names.map { LabelledImages.Item(file: $0.file, label: numbers[$0.name] ?? 0, split: $0.split) },
            classes: classes.map(String.init), hasSplits: hasSplits, warnings: warnings)
    }

    /// Says why files were refused, if any were.
    private static func nothingReadable(_ tree: FileTree, _ input: ImportInput) -> ImportError {
        let refused = tree.files.filter { !$0.isSomewhere }
        guard let first = refused.first, case .nowhere(let reason) = first.location else {
            return .missing(input.path, lookedFor: "image that can be read")
        }
        return .layout(
            input.path,
            reason: "holds no image that can be read; \(Figures.count(refused.count, "file")) "
                + "\(refused.count == 1 ? "was" : "were") refused: \(first.path): \(reason)")
    }

    private static func unlabelled(_ file: InputFile, _ input: ImportInput) -> ImportError {
        .layout(
            input.path,
            reason:
                "\(file.path) lies in no class folder; put the images of each class into a folder of its name, or put a "
                + "table labels.csv of file,label beside them")
    }

    /// The folder below `base` in which a file lies; nil if it lies in `base` itself.
    private static func folder(of path: String, below base: String) -> Substring? {
        let rest = path.dropFirst(base.count)
        return rest.firstIndex(of: "/").map { rest[..<$0] }
    }

    /// What all images have before the folders that mean something: "dataset/".
    private static func base(of tree: FileTree) -> String {
        let files = tree.files.lazy.filter(\.isSomewhere).map(\.path)
        let named = files.filter(ImageFolderImporter.hasImageName)
        let images = Array(named.isEmpty ? files.filter { _ in true } : named)
        guard let first = images.first else { return "" }
        var base = ""
        while let top = folder(of: first, below: base), LabelledImages.Split(top) == nil {
            let inner = base + top + "/"
            guard images.allSatisfy({ $0.hasPrefix(inner) && folder(of: $0, below: inner) != nil }) else { break }
            base = inner
        }
        return base
    }
}

/// How `--split` divides each class.
private struct SplitShares {
    private let validation: Double
    private let test: Double
    private let seed: UInt64

    /// Nil if the option was not given.
    init?(_ text: String?, seed seedText: String?) throws(ImportError) {
        guard let text else {
            guard seedText == nil else { throw .badOption("seed", reason: "it has no effect without --split") }
            return nil
        }
        let percents = text.split(separator: "/", omittingEmptySubsequences: false).map { Double($0) ?? -1 }
        guard (2...3).contains(percents.count), percents.allSatisfy({ (0...100).contains($0) }), percents[0] > 0,
            abs(percents.reduce(0, +) - 100) < 1e-9
        else {
            throw .badOption(
                "split", reason: "'\(text)' is not two or three percentages that add up to 100, such as 80/10/10")
        }
        guard let seed = UInt64(seedText ?? "0") else {
            throw .badOption("seed", reason: "'\(seedText ?? "")' is not a number from 0 to 18446744073709551615")
        }
        (validation, test) = (percents[1], percents.count == 3 ? percents[2] : 0)
        self.seed = seed
    }

    /// Each class has its share in each split, to the nearest image. At least one stays for training.
    func divide(_ images: inout LabelledImages, _ path: String) throws(ImportError) {
        guard !images.hasSplits else {
            throw .badOption("split", reason: "\(path) has splits of its own; leave the option out")
        }
        var counts = [Int](repeating: 0, count: images.classes.count)
        for item in images.items { counts[Int(item.label)] += 1 }
        let orders = counts.enumerated().map { label, count in
            Permutation(count: count, random: CounterRandom(seed: seed, purpose: .split, stream: UInt64(label)))
        }
        var seen = counts.map { _ in 0 }
        for place in images.items.indices {
            let label = Int(images.items[place].label)
            let count = counts[label]
            let tested = min(Int((Double(count) * test / 100).rounded()), count - 1)
            let validated = min(Int((Double(count) * validation / 100).rounded()), count - 1 - tested)
            let position = orders[label][seen[label]]
            seen[label] += 1
            images.items[place].split =
                position < validated ? .validation : position < validated + tested ? .test : .train
        }
    }
}

/// Images of a file tree.
private final class TreeImages: ImageFiles {
    private let files: [InputFile]
    private let items: [LabelledImages.Item]
    private let reader: FileTreeReader

    init(_ tree: FileTree, _ files: [InputFile], _ items: [LabelledImages.Item]) {
        (self.files, self.items) = (files, items)
        reader = FileTreeReader(tree)
    }

    private func file(_ index: Int) -> InputFile { files[Int(items[index].file)] }

    var count: Int { items.count }
    func name(_ index: Int) -> String { file(index).path }
    func label(_ index: Int) -> Int32 { items[index].label }
    func size(_ index: Int) -> Int { file(index).size }

    func read(_ index: Int, into bytes: inout [UInt8]) throws(ImportError) -> String? {
        let file = file(index)
        guard file.size > 0 || !file.isSomewhere else { return "it is empty" }
        guard file.size <= ImportedSample.mostBytes else {
            return "it has \(file.size) bytes; an image may have \(ImportedSample.mostBytes)"
        }
        switch file.location {
        case .nowhere(let reason): return reason
        case .folder:
            do throws(ImportError) {
                try reader.read(file, into: &bytes)
            } catch {
                guard case .unreadable(_, let reason) = error else { throw error }
                return reason
            }
        case .tar, .entry: try reader.read(file, into: &bytes)
        }
        return nil
    }
}
