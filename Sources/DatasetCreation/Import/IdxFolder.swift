/// Finds the idx files of one data set by name: `[<set>-]{train|t10k|test}-{images-idx3|labels-idx1}-ubyte[.gz]`, as
/// MNIST, Fashion-MNIST, KMNIST and EMNIST have them; a point may stand before `idx`.
///
/// Bytes are taken as they are: EMNIST's images lie on their side in its files, and stay so.
struct IdxFolder {
    private enum Content: String {
        case images = "images-idx3-ubyte"
        case labels = "labels-idx1-ubyte"
    }

    private struct Name {
        /// "emnist-letters-", or "" for a set without a name.
        var set: String
        var isTrain: Bool
        var content: Content
        var isCompressed: Bool

        /// Nil if the name is none of an idx file.
        init?(_ file: String) {
            isCompressed = file.hasSuffix(".gz")
            let stem = isCompressed ? String(file.dropLast(3)) : file
            let tail = stem.suffix(Content.images.rawValue.count)
            let spelled = tail.split(separator: ".", omittingEmptySubsequences: false).joined(separator: "-")
            guard let content = Content(rawValue: spelled) else { return nil }
            self.content = content
            let front = stem.dropLast(tail.count)
            let splits = [("train-", true), ("t10k-", false), ("test-", false)]
            for (split, isTrain) in splits where front.hasSuffix(split) {
                set = String(front.dropLast(split.count))
                self.isTrain = isTrain
                return
            }
            return nil
        }
    }

    private let folder: String
    private let files: [(file: String, name: Name)]

    /// `names` is what the folder holds. A set may be chosen by the name of one of its files.
    init(_ folder: String, names: [String], chosenBy file: String? = nil) {
        let chosen = file.flatMap { Name($0)?.set }
        self.folder = folder
        files = names.compactMap { name in Name(name).map { (name, $0) } }
            .filter { chosen == nil || $0.name.set == chosen }
    }

    static func isIdxName(_ file: String) -> Bool { Name(file) != nil }

    /// Opens the files; a set may be without test images.
    func collection() throws(ImportError) -> ImageCollection {
        let sets = Set(files.map(\.name.set)).sorted()
        guard sets.count < 2 else {
            throw .ambiguous(
                folder, candidates: sets.map { $0.isEmpty ? "train-..." : $0 + "train-..." },
                remedy: "give the path of one set's train images instead")
        }
        let train = try images(isTrain: true, split: "train")
        var splits: [(name: String, source: any ImageSource)] = [("train", train)]
        var labelCount = train.labelCount
        if files.contains(where: { !$0.name.isTrain }) {
            let test = try images(isTrain: false, split: "t10k")
            splits.append(("test", test))
            labelCount = max(labelCount, test.labelCount)
        }
        return ImageCollection(classes: classes(labelCount, set: sets.first ?? ""), splits: splits)
    }

    private func images(isTrain: Bool, split: String) throws(ImportError) -> IdxImages {
        try IdxImages(
            images: path(isTrain, .images, split: split), labels: path(isTrain, .labels, split: split))
    }

    /// Of a file that is there both plain and compressed the plain one.
    private func path(_ isTrain: Bool, _ content: Content, split: String) throws(ImportError) -> String {
        let found = files.filter { $0.name.isTrain == isTrain && $0.name.content == content }
        guard let file = found.first(where: { !$0.name.isCompressed }) ?? found.first else {
            throw .missing(folder, lookedFor: "\(split)-\(content.rawValue)[.gz]")
        }
        return folder + "/" + file.file
    }

    /// idx files name no classes: the names are known for Fashion-MNIST, told by the folder's or the set's name;
    /// others are called by their number.
    private func classes(_ count: Int, set: String) -> [String] {
        let name = FileCollection.lastComponent(folder) + set
        if name.lowercased().contains("fashion"), count <= Self.fashion.count { return Self.fashion }
        return (0..<count).map(String.init)
    }

    private static let fashion = [
        "T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot",
    ]
}
