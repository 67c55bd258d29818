import Basics
import ImportSources

/// The idx files of one data set, as MNIST, Fashion-MNIST, KMNIST and EMNIST have them: images [N, H, W] and labels [N] of
/// unsigned bytes, plain or gzipped. They are found by name: `[<set>-]{train|t10k|test}-{images-idx3|labels-idx1}-ubyte[.gz]`; a
/// point may stand before `idx`.
///
/// A file holds zero, zero, type, number of axes, the extents as big-endian 32-bit numbers, then the values with the last axis
/// fastest (LeCun, Cortes and Burges, "The MNIST database"). Bytes are taken as they are: EMNIST's images lie on their side
/// in its files, and stay so.
struct IdxImporter: Importer {
    let name = "idx"
    let summary = "train-images-idx3-ubyte[.gz] and its labels, in a folder or an archive, or one such file"

    func recognizes(_ input: ImportInput) -> Bool { input.names.contains { IdxName($0) != nil } }

    /// A set may be without test images. One of several in a folder is chosen by the name of one of its files.
    func open(_ input: ImportInput, _ options: FormatOptions) throws(ImportError) -> ImportedDataset {
        guard input.kind == .file else { return try open(input, set: nil) }
        let folder = try ImportInput(folder: ImportInput.folder(of: input.path))
        return try open(folder, set: input.names.first.flatMap(IdxName.init)?.set)
    }

    private func open(_ input: ImportInput, set chosen: String?) throws(ImportError) -> ImportedDataset {
        let files = input.names.compactMap(IdxName.init).filter { chosen == nil || $0.set == chosen }
        let sets = Set(files.map(\.set)).sorted()
        guard sets.count < 2 else {
            throw .ambiguous(
                input.path, candidates: sets.map { $0.isEmpty ? "train-..." : $0 + "train-..." },
                remedy: "give the path of one set's train images instead")
        }
        var splits = [(name: "train", arrays: try arrays(files.filter(\.isTrain), "train", input))]
        let test = files.filter { !$0.isTrain }
        if !test.isEmpty { splits.append(("test", try arrays(test, "t10k", input))) }
        let classes = splits.map(\.arrays.labelCount).max() ?? 0
        return ImportedDataset(
            classes: Self.classes(classes, of: ImportInput.lastComponent(input.path) + (sets.first ?? "")),
            splits: splits.map { $0.arrays.split(named: $0.name) })
    }

    /// `split` names the files that are missing.
    private func arrays(_ files: [IdxName], _ split: String, _ input: ImportInput) throws(ImportError) -> LabelledArrays
    {
        let images = try file(.images, files, split, input)
        let labels = try file(.labels, files, split, input)
        return try LabelledArrays(images: array(images, axes: 3, input), labels: array(labels, axes: 1, input))
    }

    /// Of a file that is there both plain and compressed the plain one.
    private func file(
        _ content: IdxName.Content, _ files: [IdxName], _ split: String, _ input: ImportInput
    ) throws(ImportError) -> String {
        let found = files.filter { $0.content == content }
        guard let file = found.first(where: { !$0.isCompressed }) ?? found.first else {
            throw .missing(input.path, lookedFor: "\(split)-\(content.rawValue)[.gz]")
        }
        return file.file
    }

    private func array(_ file: String, axes: Int, _ input: ImportInput) throws(ImportError) -> StoredArray {
        let unsignedByte: UInt8 = 0x08
        let stream = try input.open(file)
        let headerBytes = 4 + 4 * axes
        let magic = try stream.bytes(4, of: headerBytes)
        guard magic == [0, 0, unsignedByte, UInt8(axes)] else {
            throw .wrongMagic(
                stream.place, found: magic, expected: "00 00 08 0\(axes) (idx of unsigned bytes with \(axes) axes)")
        }
        let words = try stream.bytes(4 * axes, of: headerBytes)
        let extents = (0..<axes).map { axis in words[4 * axis..<4 * axis + 4].reduce(0) { $0 << 8 | Int($1) } }
        return try StoredArray(extents, elementBytes: 1, in: file, input, after: stream)
    }

    /// idx files name no classes. The names are known for Fashion-MNIST, told by the folder's or the set's name; others are
    /// called by their number.
    private static func classes(_ count: Int, of name: String) -> [String] {
        if name.lowercased().contains("fashion"), count <= fashion.count { return fashion }
        return ImportedDataset.numberedClasses(count)
    }

    private static let fashion = [
        "T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot",
    ]
}

/// What the name of an idx file tells.
private struct IdxName {
    enum Content: String {
        case images = "images-idx3-ubyte"
        case labels = "labels-idx1-ubyte"
    }

    let file: String
    /// "emnist-letters-", or "" for a set without a name.
    let set: String
    let isTrain: Bool
    let content: Content
    let isCompressed: Bool

    /// Nil if the name is none of an idx file.
    init?(_ file: String) {
        isCompressed = file.hasSuffix(".gz")
        let stem = isCompressed ? String(file.dropLast(3)) : file
        let tail = stem.suffix(Content.images.rawValue.count)
        let spelled = tail.split(separator: ".", omittingEmptySubsequences: false).joined(separator: "-")
        let front = stem.dropLast(tail.count)
        let splits = [("train-", true), ("t10k-", false), ("test-", false)]
        guard let content = Content(rawValue: spelled),
            let (split, isTrain) = splits.first(where: { front.hasSuffix($0.0) })
        else { return nil }
        self.file = file
        self.content = content
        self.isTrain = isTrain
        set = String(front.dropLast(split.count))
    }
}
