import Basics
import Datasets
import ImportSources
import Transforms

/// NumPy arrays under the names that data sets have (`DatasetSchema`): `x_train` and `y_train` as in Keras's files, `train_images`
/// and `train_labels`, `x` and `y`, and the same of other splits. They are files `x_train.npy`, ..., in a folder or in an archive;
/// `numpy.savez` makes such an archive.
///
/// Samples are images [N, H, W], [N, H, W, C] or [N, C, H, W], or features [N] or [N, F]. Bytes and truth values become uint8,
/// wider integers int32, floats float32.
struct NumPyImporter: Importer {
    let name = "numpy"
    let summary =
        "x_train.npy and y_train.npy, train_images.npy and train_labels.npy, ..., in a folder, an archive or a .npz file"

    func recognizes(_ input: ImportInput) -> Bool {
        let samples = Self.files(Self.samples, .train, input)
        return samples.contains { $0.lowercased().contains("train") }
            || !samples.isEmpty && !Self.files(Self.targets, .train, input).isEmpty
    }

    func open(_ input: ImportInput, _ options: FormatOptions) throws(ImportError) -> ImportedDataset {
        var splits: [NumPySplit] = []
        for split in Split.allCases {
            let samples = try Self.file(Self.samples, split, input)
            let targets = try Self.file(Self.targets, split, input)
            guard split == .train || samples != nil || targets != nil else { continue }
            guard let samples else { throw .missing(input.path, lookedFor: Self.expected("x", split)) }
            guard let targets else { throw .missing(input.path, lookedFor: Self.expected("y", split)) }
            splits.append(
                try NumPySplit(
                    split, NumPyArray(samples, input), NumPyArray(targets, input), like: splits.first?.targets))
        }
        if let other = splits.first(where: { $0.hasWords != splits[0].hasWords }) {
            let kinds = [other, splits[0]].map { "\($0.name) has \($0.hasWords ? "words" : "numbers")" }
            throw .layout(input.path, reason: "\(kinds[0]), \(kinds[1])")
        }
        if let values = splits.first(where: \.hasValues), let labels = splits.first(where: { !$0.hasValues }) {
            guard splits.allSatisfy({ $0.targets.asValues.width == values.targets.asValues.width }) else {
                throw .layout(
                    input.path,
                    reason: "\(values.name) has numbers to be predicted, but \(labels.name) has classes")
            }
            splits = splits.map(\.withValues)
        }
        return ImportedDataset(classes: Self.classes(splits), splits: splits.map(\.imported))
    }

    private static func classes(_ splits: [NumPySplit]) -> [String] {
        if let names = splits.lazy.compactMap(\.targets.names).first { return names }
        return ImportedDataset.numberedClasses(splits.map(\.targets.classes).max() ?? 0)
    }

    // MARK: Names

    private static let samples = DatasetSchema.sampleNames
    private static let targets = DatasetSchema.targetNames

    private static func expected(_ word: String, _ split: Split) -> String { "\(word)_\(split.rawValue).npy" }

    private static func files(_ words: [String], _ split: Split, _ input: ImportInput) -> [String] {
        let wanted = DatasetSchema.names(words, of: split)
        return input.names.filter { file in
            file.hasSuffix(".npy") && wanted.contains("/" + file.dropLast(4).lowercased())
        }
    }

    private static func file(_ words: [String], _ split: Split, _ input: ImportInput) throws(ImportError) -> String? {
        let found = Set(files(words, split, input)).sorted()
        guard found.count < 2 else {
            throw .ambiguous(input.path, candidates: found, remedy: "leave only one of them")
        }
        return found.first
    }
}

extension NumPyTargets {
    /// 0 for numbers to be predicted.
    fileprivate var classes: Int {
        guard case .labels(let labels, _) = self else { return 0 }
        return Int(labels.max() ?? -1) + 1
    }

    fileprivate var names: [String]? {
        if case .labels(_, let names) = self { names } else { nil }
    }

    /// 0 for classes.
    fileprivate var width: Int {
        if case .values(_, let width) = self { width } else { 0 }
    }
}

/// The arrays of one split.
private struct NumPySplit {
    let name: String
    private(set) var targets: NumPyTargets
    let hasWords: Bool
    private let samples: NumPyArray

    /// `first`: the targets of the training split.
    init(
        _ split: Split, _ samples: NumPyArray, _ targets: NumPyArray, like first: NumPyTargets?
    ) throws(ImportError) {
        guard samples.count == targets.count else {
            throw .labelCount(
                images: samples.place, count: samples.count, labels: targets.place, labelCount: targets.count)
        }
        guard samples.type.isNumeric, (1...4).contains(samples.extents.count) else {
            throw .unreadable(
                samples.place,
                reason: "its shape is \(samples.extents); images are [N, H, W] or [N, H, W, C], features [N, F]")
        }
        name = split.rawValue
        hasWords = !targets.type.isNumeric
        self.samples = samples
        self.targets = try NumPyTargets(targets, names: first?.names)
    }

    var hasValues: Bool { targets.width > 0 }

    var withValues: NumPySplit {
        var split = self
        split.targets = targets.asValues
        return split
    }

    var imported: ImportedSplit {
        let values: ImportedSplit.Values =
            samples.type.isByte ? .bytes : samples.type.kind == .float ? .floats : .integers
        return ImportedSplit(name: name, count: samples.count, values: values, targets: targets.width) {
            () throws(ImportError) in
            try NumPyStream(samples, targets, values)
        }
    }
}

private final class NumPyStream: SampleStream {
    private let array: NumPyArray
    private let targets: NumPyTargets
    private let values: ImportedSplit.Values
    private let rows: NumPyRows
    private let shape: Shape
    /// The place in a stored row of each element of a sample; nil where they are the same.
    private let places: [Int]?
    private var row: [UInt8] = []
    private var next = 0

    init(_ array: NumPyArray, _ targets: NumPyTargets, _ values: ImportedSplit.Values) throws(ImportError) {
        (self.array, self.targets, self.values) = (array, targets, values)
        rows = try array.rows()
        let extents = Array(array.extents.dropFirst())
        let channels = [1, 3, 4]
        switch extents.count {
        case 3 where channels.contains(extents[0]) && !channels.contains(extents[2]):
            let pixels = extents[1] * extents[2]
            shape = [extents[1], extents[2], extents[0]]
            places = (0..<pixels).flatMap { pixel in (0..<extents[0]).map { $0 * pixels + pixel } }
        case 2: (shape, places) = ([extents[0], extents[1], 1], nil)
        case 0: (shape, places) = ([1], nil)
        default: (shape, places) = (Shape(extents), nil)
        }
    }

    func next(_ sample: inout ImportedSample) throws(ImportError) -> Bool {
        guard next < array.count else {
            try rows.requireEnd()
            return false
        }
        sample.shape = shape
        switch targets {
        case .labels(let labels, _): sample.label = labels[next]
        case .values(let values, let width): sample.targets = Array(values[next * width..<(next + 1) * width])
        }
        if values == .bytes, places == nil {
            try rows.read(into: &sample.bytes)
        } else {
            try rows.read(into: &row)
            try convert(into: &sample.bytes)
        }
        next += 1
        return true
    }

    private func convert(into bytes: inout [UInt8]) throws(ImportError) {
        bytes.removeAll(keepingCapacity: true)
        for index in 0..<array.width {
            let place = places?[index] ?? index
            switch values {
            case .bytes: bytes.append(row[place])
            case .floats:
                withUnsafeBytes(of: Float(array.type.number(row, place)).bitPattern.littleEndian) { bytes += $0 }
            case .integers:
                guard let value = array.type.integer(row, place).flatMap(Int32.init(exactly:)) else {
                    throw .unreadable(
                        array.place,
                        reason: "row \(next) has an integer of more than 32 bits; save x.astype('float32')")
                }
                withUnsafeBytes(of: value.littleEndian) { bytes += $0 }
            }
        }
    }
}
