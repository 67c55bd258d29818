import HDF5Storage

/// The attribute `split` of Fuel's files: which rows of which data sets belong to which split. One data set may hold the
/// rows of all splits.
struct SplitAttribute {
    private static let name = "split"

    private struct Entry {
        let split: Split?
        let source: String
        let rows: (start: Int64, stop: Int64)
        /// Holds the numbers of the rows, where they are not one run.
        let list: Dataset?
    }
    private let entries: [Entry]
    private let file: String

    /// Nil where the file has no such attribute, or one that is something else.
    init?(of file: HDF5File) throws {
        guard let table = try file.root.attributes.table(Self.name),
            Set(table.columns).isSuperset(of: ["split", "source", "start", "stop"])
        else { return nil }
        self.file = file.path
        let (splits, sources) = (try table.strings("split"), try table.strings("source"))
        let (starts, stops) = (try table.integers("start"), try table.integers("stop"))
        let available = try table.columns.contains("available") ? table.integers("available") : []
        let lists = try table.columns.contains("indices") ? table.datasets("indices") : []
        entries = (0..<table.rows).filter { available.isEmpty || available[$0] != 0 }.map { row in
            Entry(
                split: Split.allCases.first { DatasetSchema.names(of: $0).contains(splits[row].lowercased()) },
                source: sources[row], rows: (starts[row], stops[row]), list: lists.isEmpty ? nil : lists[row])
        }
    }

    /// The rows of a split in a data set of so many rows; nil if the split has none of it.
    func rows(of split: Split, in path: String, count: Int) throws -> RowSelection? {
        let mine = entries.filter { $0.split == split && "/\($0.source)" == path }
        guard let entry = mine.first else { return nil }
        guard mine.count == 1 else { throw error(path, "its \(split.rawValue) split occurs \(mine.count) times") }
        if let list = entry.list { return try rows(list, of: split, in: path, count: count) }
        guard entry.rows.start >= 0, entry.rows.start < entry.rows.stop, entry.rows.stop <= Int64(count) else {
            throw error(
                path,
                "the rows of its \(split.rawValue) split are \(entry.rows.start) to \(entry.rows.stop), but it has \(count)"
            )
        }
        return .run(Int(entry.rows.start)..<Int(entry.rows.stop))
    }

    /// In ascending order, in which the file is read.
    private func rows(_ list: Dataset, of split: Split, in path: String, count: Int) throws -> RowSelection {
        try list.requireStored()
        guard list.shape.rank == 1, list.rows > 0, list.elementType.isInteger else {
            throw error(
                path, "the rows of its \(split.rawValue) split are a list of \(list.shape) \(list.elementType)")
        }
        try list.requireMemory(2 * list.rows * MemoryLayout<Int64>.stride, for: "all of it")
        let numbers = try list.read(as: Int64.self).sorted()
        for (number, next) in zip(numbers, numbers.dropFirst()) where number == next {
            throw error(path, "the rows of its \(split.rawValue) split have row \(number) twice")
        }
        guard let least = numbers.first, let most = numbers.last, least >= 0, most < Int64(count) else {
            throw error(
                path,
                "the rows of its \(split.rawValue) split are \(numbers[0]) to \(numbers[numbers.count - 1]), but it has \(count)"
            )
        }
        return .list(numbers.map { Int($0) })
    }

    /// The paths of the lists of rows.
    var lists: [String] { entries.compactMap(\.list?.path) }

    /// Whether it says anything of a data set.
    func knows(_ path: String) -> Bool { entries.contains { "/\($0.source)" == path } }

    private func error(_ path: String, _ detail: String) -> DatasetError {
        DatasetError(
            file: file, object: path, "\(detail) (attribute \(Self.name))",
            remedy: "name each row of a split once, or write each split into data sets of its own")
    }
}
