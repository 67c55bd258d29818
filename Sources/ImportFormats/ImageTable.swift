import Basics
import ImportSources

/// A table that says which class each image has: a CSV with a row for each file.
///
/// The header names columns `file` and `label`, or common words for them, and possibly `split`. Without these names the first two
/// columns are taken. A file is named by its path from the table's folder, by its name, or by its name without an ending.
struct ImageTable {
    static let option = ImporterOption(
        "table", value: "labels.csv",
        help: "CSV of file,label for images that lie in no class folders, if it is not the only one beside them")

    private static let fileWords = [
        "file", "filename", "file_name", "image", "image_id", "path", "filepath", "id", "img", "name",
    ]
    private static let labelWords = ["label", "class", "category", "target", "class_name", "breed", "species", "y"]
    private static let splitWords = ["split", "set", "subset"]

    private let path: String
    private let open: () throws(ImportError) -> ByteStream
    private let files: FileNames
    /// Of the whole table, told by its name.
    private let split: LabelledImages.Split?

    /// The labels of the tables among the input's files, or of the one that was chosen; nil if there is none.
    static func labels(of input: ImportInput, _ options: FormatOptions) throws(ImportError) -> LabelledImages? {
        let tree = try input.tree()
        let tables = if let path = options.values[option.name] { [try table(path, tree)] } else { try found(in: tree) }
        guard !tables.isEmpty else { return nil }
        if tables.count > 1, tables.contains(where: { $0.split == nil }) {
            throw .ambiguous(input.path, candidates: tables.map(\.path), remedy: "say which with --\(option.name)")
        }
        var rows = RowList(tree.files)
        for table in tables { try table.read(into: &rows, isOnly: tables.count == 1) }
        return rows.labels
    }

    /// A path below the source, or anywhere.
    private static func table(_ path: String, _ tree: FileTree) throws(ImportError) -> ImageTable {
        if let number = tree.files.firstIndex(where: { $0.path == path }) { return ImageTable(number, tree) }
        return ImageTable(
            path: path, open: { () throws(ImportError) in try ByteStream(FileSource(path)) },
            files: FileNames(tree, below: ""), split: nil)
    }

    /// Those nearest to the top that name files.
    private static func found(in tree: FileTree) throws(ImportError) -> [ImageTable] {
        let numbers = tree.files.indices.filter { tree.files[$0].path.lowercased().hasSuffix(".csv") }
        let depth = { (number: Int) in tree.files[number].path.count { $0 == "/" } }
        guard let least = numbers.map(depth).min() else { return [] }
        var tables: [ImageTable] = []
        for number in numbers where depth(number) == least && tree.files[number].isSomewhere {
            let table = ImageTable(number, tree)
            if try table.columns() != nil { tables.append(table) }
        }
        return tables
    }

    /// The file with this number in the tree.
    private init(_ number: Int, _ tree: FileTree) {
        let file = tree.files[number]
        let folder = file.path.dropLast(file.name.count)
        let words = file.name.dropLast(4).split(whereSeparator: { "_-. ".contains($0) })
        self.init(
            path: file.path,
            open: { () throws(ImportError) in try ByteStream(FileTreeReader(tree).open(file)) },
            files: FileNames(tree, below: String(folder)), split: words.compactMap { LabelledImages.Split($0) }.first)
    }

    private init(
        path: String, open: @escaping () throws(ImportError) -> ByteStream, files: FileNames,
        split: LabelledImages.Split?
    ) {
        (self.path, self.open, self.files, self.split) = (path, open, files, split)
    }

    /// Where in a row things stand; nil if the first rows name no file.
    private func columns() throws(ImportError) -> (file: Int, label: Int, split: Int?, hasHeader: Bool)? {
        let reader = try CSVReader(open())
        var row: [String] = []
        guard try reader.read(&row), row.count >= 2 else { return nil }
        if files[row[0]] != nil { return (0, 1, nil, false) }
        let names = row.map { $0.lowercased().filter { $0 != " " } }
        let column = { (words: [String]) in words.lazy.compactMap { names.firstIndex(of: $0) }.first }
        var (file, label) = (0, 1)
        if let named = (column(Self.fileWords), column(Self.labelWords)) as? (Int, Int) { (file, label) = named }
        let isNamed = column(Self.fileWords) != nil && column(Self.labelWords) != nil
        guard try reader.read(&row), row.count > max(file, label), isNamed || files[row[file]] != nil else {
            return nil
        }
        return (file, label, column(Self.splitWords), true)
    }

    private func read(into rows: inout RowList, isOnly: Bool) throws(ImportError) {
        guard let columns = try columns() else {
            throw .layout(
                path,
                reason: "it names no file of the source; give it columns file and label, and paths from its own folder")
        }
        let reader = try CSVReader(open())
        var row: [String] = []
        if columns.hasHeader { _ = try reader.read(&row) }
        while try reader.read(&row) {
            let needed = max(columns.file, columns.label, columns.split ?? 0) + 1
            guard row.count >= needed else {
                throw .badLine(path, line: reader.line, reason: "it has \(row.count) columns, and \(needed) are needed")
            }
            let label = row[columns.label].trimmed
            guard !label.isEmpty else { throw .badLine(path, line: reader.line, reason: "the label is empty") }
            var split = isOnly ? .train : self.split ?? .train
            if let column = columns.split {
                guard let named = LabelledImages.Split(row[column].trimmed) else {
                    throw .badLine(
                        path, line: reader.line,
                        reason: "'\(row[column])' is no split; splits are train, validation and test")
                }
                split = named
            }
            let name = row[columns.file].trimmed
            switch files[name] {
            case .one(let file)?: try rows.add(file, label, split, path, reader.line)
            case .several?:
                throw .badLine(
                    path, line: reader.line,
                    reason: "several files are called \(name); give the path from the table's folder")
            case nil: rows.addMissing(name, label, split, path, reader.line)
            }
        }
        rows.hasSplits = rows.hasSplits || columns.split != nil || !isOnly
    }
}

/// Files by the names that a table may give them.
private struct FileNames {
    enum Found {
        case one(Int32)
        case several
    }

    private var byPath: [Substring: Int32] = [:]
    private var byName: [Substring: Found] = [:]

    init(_ tree: FileTree, below folder: String) {
        for (number, file) in tree.files.enumerated() where file.path.hasPrefix(folder) {
            byPath[file.path.dropFirst(folder.count)] = Int32(number)
            let stem = file.name.lastIndex(of: ".").map { file.name[..<$0] }
            for name in Set([file.name, stem ?? file.name]) {
                byName[name] = byName[name] == nil ? .one(Int32(number)) : .several
            }
        }
    }

    subscript(name: String) -> Found? {
        let name = name.trimmed
        let path = name.hasPrefix("./") ? name.dropFirst(2) : Substring(name)
        return byPath[path].map { .one($0) } ?? byName[path]
    }
}

/// The rows of all tables.
private struct RowList {
    private var files: [InputFile]
    private var rows: [(file: Int32, label: String, split: LabelledImages.Split)] = []
    /// By the number of the file: where it was named.
    private var lines: [Int32: Int] = [:]
    var hasSplits = false

    init(_ files: [InputFile]) { self.files = files }

    mutating func add(
        _ file: Int32, _ label: String, _ split: LabelledImages.Split, _ path: String, _ line: Int
    ) throws(ImportError) {
        if let first = lines.updateValue(line, forKey: file) {
            throw .badLine(
                path, line: line,
                reason: "\(files[Int(file)].path) has a label in line \(first) already; remove one of them")
        }
        rows.append((file, label, split))
    }

    mutating func addMissing(
        _ name: String, _ label: String, _ split: LabelledImages.Split, _ path: String, _ line: Int
    ) {
        rows.append((Int32(files.count), label, split))
        files.append(
            InputFile(path: name, size: 0, location: .nowhere("line \(line) of \(path) names it, and it is not there")))
    }

    /// Classes in the order of their numbers if all are numbers, else of their bytes.
    var labels: LabelledImages {
        let names = Set(rows.map(\.label))
        let areNumbers = names.allSatisfy { Int($0) != nil }
        let classes = names.sorted { a, b in
            if areNumbers, let x = Int(a), let y = Int(b), x != y { return x < y }
            return a.utf8.lexicographicallyPrecedes(b.utf8)
        }
        let numbers = Dictionary(uniqueKeysWithValues: zip(classes, Int32(0)...))
        let items = rows.sorted { $0.file < $1.file }.map {
            LabelledImages.Item(file: $0.file, label: numbers[$0.label] ?? 0, split: $0.split)
        }
        let left = files.indices.filter {
            lines[Int32($0)] == nil && ImageFolderImporter.hasImageName(files[$0].path) && files[$0].isSomewhere
        }
        let warnings =
            left.isEmpty
            ? []
            : [
                "\(Figures.count(left.count, "image")) without a row in a table left out: "
                    + left.prefix(6).map { files[$0].path }.listed(atMost: 5)
            ]
        return LabelledImages(files: files, items: items, classes: classes, hasSplits: hasSplits, warnings: warnings)
    }
}

extension String {
    fileprivate var trimmed: String {
        String(drop { $0 == " " || $0 == "\t" }.reversed().drop { $0 == " " || $0 == "\t" }.reversed())
    }
}
