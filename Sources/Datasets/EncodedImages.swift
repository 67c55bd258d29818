import Basics
import HDF5Storage
import Transforms

/// The encoded images of a split: the bytes of JPEG, PNG and WebP files one after the other, as uint8 [bytes], and beside
/// them where each begins and the last one ends, as integers [N + 1]. Or each image is a list of bytes [N], as h5py's
/// `vlen_dtype(uint8)` makes it.
struct EncodedImages {
    let bytes: Dataset
    /// From the first byte: N + 1 numbers that ascend and lie within the bytes.
    let offsets: [Int]

    /// The word that tells where images are encoded, and the one that stands in its place in the path of the offsets.
    static let name = "encoded"
    private static let offsetsName = "offsets"

    /// Nil for an array of pixels or features, which has more than one axis.
    init?(_ dataset: Dataset, in file: HDF5File) throws {
        if dataset.holdsByteLists {
            bytes = dataset
            offsets = try Self.places(ofLists: dataset)
            return
        }
        guard dataset.shape.rank == 1, dataset.elementType == .integer(bytes: 1, signed: false) else { return nil }
        let path = try Self.offsetsPath(of: dataset.path, in: file)
        guard try file.root.kind(of: path) == .dataset else {
            throw DatasetError(
                file: file.path, object: dataset.path,
                "it has one axis, as encoded images have, but nothing says where each image begins",
                remedy: "store the places in \(path)")
        }
        let places = try file.root.dataset(path)
        try places.requireStored()
        bytes = dataset
        offsets = try Self.read(places, atMost: dataset.rows)
    }

    /// Whether a data set is encoded images, rather than numbers.
    static func areBytes(_ dataset: Dataset, in file: HDF5File) -> Bool {
        if dataset.holdsByteLists { return true }
        guard dataset.shape.rank == 1, dataset.elementType == .integer(bytes: 1, signed: false) else { return false }
        return (try? file.root.kind(of: offsetsPath(of: dataset.path, in: file))) == .dataset
    }

    /// As if the lists lay one after the other.
    private static func places(ofLists lists: Dataset) throws -> [Int] {
        let lengths = try lists.listLengths()
        if let row = lengths.firstIndex(of: 0) {
            throw DatasetError(
                file: lists.location.file, object: lists.path, "the image of row \(row) has no bytes",
                remedy: "write it, or leave its row out")
        }
        guard !lengths.isEmpty else {
            throw DatasetError(file: lists.location.file, object: lists.path, "it is empty")
        }
        return lengths.reduce(into: [0]) { places, length in places.append(places[places.count - 1] + length) }
    }

    /// Of one of several inputs, whose offsets are not those of the others: `/train/left_offsets` of `/train/left`.
    static let ownOffsetsEnding = "_offsets"

    /// Where the file has the offsets of these bytes, or should have them.
    static func offsetsPath(of path: String, in file: HDF5File) throws -> String {
        let own = path + ownOffsetsEnding
        return try file.root.kind(of: own) == .dataset ? own : offsetsPath(of: path)
    }

    /// `/train/offsets` of `/train/encoded`, `/offsets_train` of `/encoded_train`.
    private static func offsetsPath(of path: String) -> String {
        let parts = path.split(separator: "/").map(String.init)
        let last = parts.last ?? ""
        let name = last.contains(Self.name) ? last.replacing(Self.name, with: offsetsName) : offsetsName
        return (parts.dropLast() + [name]).map { "/" + $0 }.joined()
    }

    private static func read(_ places: Dataset, atMost byteCount: Int) throws -> [Int] {
        func error(_ detail: String) -> DatasetError {
            DatasetError(
                file: places.location.file, object: places.path, detail,
                remedy: "store where each image begins, and at last where the last one ends")
        }
        guard places.shape.rank == 1, places.rows > 1, places.elementType.isInteger else {
            throw error("\(places.shape) numbers of \(places.elementType) are no places of images")
        }
        try places.requireMemory(2 * places.rows * MemoryLayout<Int>.stride, for: "all of it")
        let values = try places.read(as: Int64.self)
        guard let first = values.first, first >= 0 else { throw error("the first image begins before the bytes") }
        for row in 0..<values.count - 1 where values[row + 1] <= values[row] {
            throw error("the image of row \(row) has no bytes: it goes from \(values[row]) to \(values[row + 1])")
        }
        guard let last = values.last, last <= byteCount else {
            let row = values.firstIndex { $0 > byteCount } ?? 0
            throw error("the image of row \(row - 1) ends at \(values[row]), but there are \(byteCount) bytes")
        }
        return values.map { Int($0) }
    }

    /// Rows of a band in which chunked bytes are read: some megabytes, so that few chunks lie across its borders.
    func bandRows(chunk: Int) -> Int {
        let count = offsets.count - 1
        let mean = max(1, (offsets[count] - offsets[0]) / count)
        let (wanted, overflow) = chunk.multipliedReportingOverflow(by: 4)
        return max(1, min(count, (overflow ? Int.max : max(4 << 20, wanted)) / mean))
    }

    /// What images become where nobody says otherwise. `channels` are those that the file names.
    static func usualDecoding(channels: Int) -> ImageDecoding {
        ImageDecoding(CenterCrop(height: 224, width: 224), channels: channels)
    }
}
