import HDF5Storage
import Basics
import Transforms

/// Reads a split's targets: labels as [N], [N, 1], [1, N], [N, 1, 1, 1] or one-hot [N, K], in integers of any width,
/// floats that hold integers, enumerations or strings; or regression targets as [N] or [N, K].
struct TargetReader {
    let dataset: Dataset
    /// How many samples there are.
    let samples: Int
    let options: DatasetOptions
    /// The names of the classes in label order, if they are known: they give words their numbers.
    let classNames: [String]?

    /// What was found.
    struct Found {
        var targets: Targets
        /// The number of columns if labels were one-hot: so many classes there are.
        var width: Int?
        /// In label order, if the labels are names.
        var names: [String]?
        /// How the targets were understood, where that is not plain.
        var notes: [String] = []
    }

    func read() throws -> Found {
        if dataset.elementType == .string { return try named(dataset.readStrings(), options.classNames ?? classNames) }
        guard dataset.elementType.isNumeric else {
            throw error("targets are of type \(dataset.elementType), not numbers or strings")
        }
        let width = try columns()
        // Two copies of a block are there while it is read.
        let bytes =
            width > 1
            ? dataset.shape.count * MemoryLayout<Double>.stride
            : samples * MemoryLayout<Int32>.stride
                + 2 * (try blockRows()) * dataset.rowCount * MemoryLayout<Double>.stride
        try dataset.requireMemory(bytes, for: "all of it")
        if options.targets != .targets, width == 1, let members = try dataset.enumeration(),
            !Self.areTruthValues(members)
        {
            return try enumerated(members)
        }
        var found: Found
        switch options.targets ?? wanted(width) {
        case .targets: found = Found(targets: try targets(width))
        case .labels: found = width > 1 ? try oneHotLabels(width) : try labels()
        case nil: found = try usual(width)
        }
        if isTransposed { found.notes.append("\(dataset.path) is \(dataset.shape): its last axis counts the samples") }
        return found
    }

    /// More than any network has outputs for. A label beyond it is a mistake.
    static let mostClasses = 1 << 24

    // MARK: Labels or values

    /// What the network needs, if it needs one of the two.
    private func wanted(_ width: Int) -> TargetForm? {
        switch options.demand {
        case .labels: .labels
        case .labelsOrShares where width == 1: .labels
        default: nil
        }
    }

    /// What the data set's name and values say.
    private func usual(_ width: Int) throws -> Found {
        if isNamedTargets { return Found(targets: try targets(width)) }
        if width > 1 {
            if case .success(let labels) = try oneHot(width) { return Found(targets: .labels(labels), width: width) }
            let values = try targets(width)
            guard dataset.elementType.isInteger, !values.isMultiHot else {
                return Found(targets: values, notes: try soft(width))
            }
            return try oneHotLabels(width)
        }
        if !dataset.elementType.isInteger && !isNamedLabels {
            if try contain(where: { $0 != $0.rounded() }) { return Found(targets: try targets(width)) }
        }
        // Yes or no, with one output, is a question for labels too.
        if options.demand == .values, try contain(where: { $0 != 0 && $0 != 1 }) {
            return Found(targets: try targets(width))
        }
        return try labels()
    }

    private var name: String { dataset.path.split(separator: "/").last.map { $0.lowercased() } ?? "" }
    private var isNamedTargets: Bool { name.contains("target") }
    private var isNamedLabels: Bool { name.contains("label") }

    // MARK: Shape

    /// Columns before rows: one row of N labels, or any number of rows of a file by MATLAB, which counts axes the other
    /// way round.
    private var isTransposed: Bool {
        let shape = dataset.shape
        guard shape.rank == 2, shape[0] != samples, shape[1] == samples else { return false }
        return shape[0] == 1 || dataset.isOfMATLAB
    }

    /// Numbers a sample, once the shape is one of those that are understood.
    private func columns() throws -> Int {
        if isTransposed { return dataset.shape[0] }
        guard dataset.rows == samples, dataset.shape.rank > 0 else {
            throw error(
                "it has \(dataset.rows) rows, but there are \(samples) samples",
                remedy: dataset.isOfMATLAB ? "if rows of MATLAB's array are the samples, save its transpose, x.'" : nil)
        }
        let width = dataset.rowCount
        guard dataset.shape.extents.dropFirst().filter({ $0 != 1 }).count <= 1, width > 0 else {
            throw error(
                "targets of shape \(dataset.shape) are neither labels [N] nor one-hot labels or regression targets [N, K]"
            )
        }
        return width
    }

    /// All numbers, sample by sample.
    private func values<Element: StorageElement>(_ width: Int, as type: Element.Type) throws -> [Element] {
        let stored = try dataset.read(as: Element.self)
        guard isTransposed, width > 1 else { return stored }
        return (0..<samples).flatMap { sample in (0..<width).map { stored[$0 * samples + sample] } }
    }

    // MARK: Blocks of numbers

    /// How many rows of one number a sample are read at a time: of billions of them, only the labels are in memory. No
    /// chunk is unpacked twice.
    private func blockRows() throws -> Int {
        let usual = min(dataset.rows, max(1, (1 << 20) / dataset.rowCount))
        guard case .chunked(let chunk, _) = try dataset.storage() else { return usual }
        return min(dataset.rows, usual.rounded(upToMultipleOf: max(1, chunk[0])))
    }

    /// Gives `body` the number of each block's first sample, and the block, until it returns false.
    private func forEachBlock<Element: StorageElement>(
        _ body: (_ first: Int, _ values: [Element]) throws -> Bool
    ) throws {
        let rows = try blockRows()
        for start in stride(from: 0, to: dataset.rows, by: max(1, rows)) {
            let values = try dataset.read(rows: start..<min(start + rows, dataset.rows), as: Element.self)
            guard try body(start * dataset.rowCount, values) else { return }
        }
    }

    private func contain(where isSuch: (Double) -> Bool) throws -> Bool {
        var found = false
        try forEachBlock { (_, values: [Double]) in
            found = values.contains(where: isSuch)
            return !found
        }
        return found
    }

    /// The label that is made of each number.
    private func labels<Element: StorageElement>(
        _ label: (_ sample: Int, _ number: Element) throws -> Int32
    ) throws -> [Int32] {
        var labels: [Int32] = []
        labels.reserveCapacity(samples)
        try forEachBlock { (first, values: [Element]) in
            for (index, value) in values.enumerated() { labels.append(try label(first + index, value)) }
            return true
        }
        return labels
    }

    // MARK: Numbers

    private func targets(_ width: Int) throws -> Targets {
        let values = try values(width, as: Float.self)
        if let index = values.firstIndex(where: { !$0.isFinite }) {
            throw error("the target of sample \(index / width) is \(values[index])")
        }
        return .targets(values, width: width)
    }

    private func labels() throws -> Found {
        let offset = options.labelOffset ?? 0
        let labels = try labels { (index, value: Double) in
            guard let stored = Int64(exactly: value) else {
                throw error(
                    "the label of sample \(index) is \(value), not a class number",
                    remedy: isNamedLabels ? nil : "numbers to be predicted go with a model for regression")
            }
            let (number, overflows) = stored.subtractingReportingOverflow(Int64(offset))
            guard !overflows, let label = Int32(exactly: number), label < Self.mostClasses else {
                throw error("the label of sample \(index) is \(stored), beyond \(Self.mostClasses) classes")
            }
            guard offset == 0 || label >= 0 else {
                throw error(
                    "the label of sample \(index) is \(stored), below the first class number \(offset)",
                    remedy: "say with --label-offset where labels begin")
            }
            return label
        }
        var found = Found(targets: .labels(labels))
        if offset != 0 { found.notes.append("labels of \(dataset.path) count from \(offset)") }
        if !dataset.elementType.isInteger, !isNamedLabels, options.targets == nil, let most = labels.max() {
            found.notes.append(
                "the whole \(dataset.elementType) numbers of \(dataset.path), up to \(Int(most) + offset), are taken as class numbers; "
                    + "--targets values takes them as numbers to be predicted")
        }
        return found
    }

    // MARK: One-hot rows

    private func oneHotLabels(_ width: Int) throws -> Found {
        switch try oneHot(width) {
        case .success(let labels): return Found(targets: .labels(labels), width: width)
        case .failure(let row):
            throw error(
                "rows of \(width) numbers are no one-hot labels: \(row)",
                remedy: "store class numbers as [N]; rows of several classes go with --loss binary_crossentropy")
        }
    }

    /// A row that is no one-hot label.
    private struct OtherRow: Error, CustomStringConvertible {
        let sample: Int
        let values: [Float]

        var description: String {
            let text = values.prefix(10).map { "\($0)" }.joined(separator: " ")
            return "row \(sample) is \(text)\(values.count > 10 ? " ..." : "")"
        }
    }

    private func oneHot(_ width: Int) throws -> Result<[Int32], OtherRow> {
        guard width <= Self.mostClasses else {
            throw error("\(width) columns are more than \(Self.mostClasses) classes")
        }
        let values = try values(width, as: Float.self)
        var labels = [Int32]()
        labels.reserveCapacity(samples)
        for sample in 0..<samples {
            let row = values[sample * width..<(sample + 1) * width]
            guard let hot = Self.hotColumn(row) else {
                return .failure(OtherRow(sample: sample, values: Array(row)))
            }
            labels.append(Int32(hot))
        }
        return .success(labels)
    }

    private static func hotColumn(_ row: ArraySlice<Float>) -> Int? {
        guard let hot = row.firstIndex(of: 1), row.allSatisfy({ $0 == 0 || $0 == 1 }), row.reduce(0, +) == 1
        else { return nil }
        return hot - row.startIndex
    }

    /// Which row keeps nearly one-hot rows from being labels: more likely a mistake than a share for each class.
    private func soft(_ width: Int) throws -> [String] {
        let values = try values(width, as: Float.self)
        let others = (0..<samples).filter { Self.hotColumn(values[$0 * width..<($0 + 1) * width]) == nil }
        guard let first = others.first, others.count <= samples / 2 else { return [] }
        let row = OtherRow(sample: first, values: Array(values[first * width..<(first + 1) * width]))
        return [
            "\(dataset.path) is taken as \(width) target values a sample, not as labels, since \(others.count) of its \(samples) rows "
                + "\(others.count == 1 ? "is" : "are") not one-hot: \(row)"
        ]
    }

    // MARK: Names

    /// Words get the numbers of `names`, or their places in sorted order.
    private func named(_ words: [String], _ known: [String]?) throws -> Found {
        guard options.targets != .targets else { throw error("targets are strings, not numbers to be predicted") }
        try requireNoOffset("strings")
        guard words.count == samples else {
            throw error("it has \(words.count) strings, but there are \(samples) samples")
        }
        let names = known ?? Set(words).sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
        let numbers = Dictionary(zip(names, 0...), uniquingKeysWith: { first, _ in first })
        let labels = try words.enumerated().map { index, word in
            guard let number = numbers[word] else {
                throw error(
                    "the label of sample \(index) is \"\(word)\", which is none of the \(names.count) classes",
                    remedy: "they are \(names.listed(atMost: 20))")
            }
            return Int32(number)
        }
        if let index = words.firstIndex(of: ""), known == nil {
            throw error(
                "the label of sample \(index) is an empty string", remedy: "name its class, or leave its row out")
        }
        let note = "the strings of \(dataset.path) are classes in this order: \(names.listed(atMost: 20))"
        return Found(targets: .labels(labels), names: names, notes: known == nil ? [note] : [])
    }

    /// The numbers of an enumeration become places in their ascending order.
    private func enumerated(_ members: [(value: Int64, name: String)]) throws -> Found {
        try requireNoOffset("names (an enumeration)")
        let places = Dictionary(zip(members.map(\.value), 0...), uniquingKeysWith: { first, _ in first })
        let labels = try labels { (index, value: Int64) in
            guard let place = places[value] else {
                throw error("the label of sample \(index) is \(value), which its enumeration does not name")
            }
            return Int32(place)
        }
        let names = members.map(\.name)
        var found = Found(targets: .labels(labels), names: names)
        if members.map(\.value) != members.indices.map(Int64.init) {
            let list = members.map { "\($0.value) \($0.name)" }.listed(atMost: 20)
            found.notes.append("the numbers of \(dataset.path) are classes in this order: \(list)")
        }
        return found
    }

    /// What NumPy's booleans are in HDF5.
    private static func areTruthValues(_ members: [(value: Int64, name: String)]) -> Bool {
        members.map { "\($0.value) \($0.name.uppercased())" } == ["0 FALSE", "1 TRUE"]
    }

    private func requireNoOffset(_ words: String) throws {
        guard options.labelOffset == nil else {
            throw error("its labels are \(words), which --label-offset cannot shift", remedy: "leave it out")
        }
    }

    private func error(_ detail: String, remedy: String? = nil) -> DatasetError {
        DatasetError(file: dataset.location.file, object: dataset.path, detail, remedy: remedy)
    }
}
