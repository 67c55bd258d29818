import HDF5Storage

/// The attribute `split` of Fuel's files: which rows of which data sets belong to which split. One data set may hold the
/// rows of all splits.
struct SplitAttribute {
    private static let name = "split"

    private struct Entry {
        let split: Split?
        let source: String
        let rows: (start: Int64, stop: Int64)
        let isList: Bool
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
        func column(_ name: String, _ values: () throws -> [Bool], else value: Bool) rethrows -> [Bool] {
            table.columns.contains(name) ? try values() : [Bool](repeating: value, count: table.rows)
        }
        let available = try column("available", { try table.integers("available").map { $0 != 0 } }, else: true)
        let lists = try column("indices", { try table.hasReferences("indices") }, else: false)
        entries = (0..<table.rows).filter { available[$0] }.map { row in
            Entry(
                split: Split.allCases.first { DatasetSchema.names(of: $0).contains(splits[row].lowercased()) },
                source: sources[row], rows: (starts[row], stops[row]), isList: lists[row])
        }
    }

    /// The rows of a split in a data set of so many rows; nil if the split has none of it.
    func rows(of split: Split, in path: String, count: Int) throws(DatasetError) -> Range<Int>? {
        let mine = entries.filter { $0.split == split && "/\($0.source)" == path }
        guard let entry = mine.first else { return nil }
        guard mine.count == 1, !entry.isList else {
            throw error(path, "the rows of its \(split.rawValue) split are not one run")
        }
        guard entry.rows.start >= 0, entry.rows.start < entry.rows.stop, entry.rows.stop <= Int64(count) else {
            throw error(
                path,
                "the rows of its \(split.rawValue) split are \(entry.rows.start) to \(entry.rows.stop), but it has \(count)"
            )
        }
        return Int(entry.rows.start)..<Int(entry.rows.stop)
    }

    /// Whether it says anything of a data set.
    func knows(_ path: String) -> Bool { entries.contains { "/\($0.source)" == path } }

    private func error(_ path: String, _ detail: String) -> DatasetError {
        DatasetError(
            file: file, object: path, "\(detail) (attribute \(Self.name))",
            remedy: "write the rows of each split one after the other, or into data sets of their own")
    }
}
