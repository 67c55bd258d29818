import Basics
import Datasets
import Transforms
import HDF5Storage
import ImportSources

public struct TableOptions: Sendable {
    /// The columns that are to be predicted.
    public var targets: [String] = []
    /// Columns of words, or of numbers that name classes.
    public var categorical: [String] = []
    /// Whether columns of numbers get mean 0 and standard deviation 1.
    public var standardizes = false
    public var output = DatasetWriter.Options()

    public init() {}
}

/// Turns a table into a data set file:
/// ```
/// /                attributes format, version; mean [F], std [F] (of the features), features [F] (their names);
///                  classes [K] or targets [K] (names of classes, or of the columns of targets)
/// /train/features  float32 [N, F]
/// /train/labels    int32 [N]           if the target has classes, or
/// /train/targets   float32 [N, K]      if the targets are numbers
/// ```
/// The table is read twice, a row at a time, so it may be larger than memory.
public enum TableImporter {
    /// Whether a path names a table rather than a data set of another format.
    public static func isTable(_ path: String) -> Bool {
        [".csv", ".tsv", ".csv.gz", ".tsv.gz"].contains { path.lowercased().hasSuffix($0) }
    }

    /// - Throws: `ImportError` for the table and an output that exists, `HDF5Error` for the writing.
    @discardableResult
    public static func importTable(
        from path: String, into output: String, options: TableOptions, progress: (Double) -> Void = { _ in }
    ) throws -> TableSummary {
        try DatasetWriter.refuseExisting(output, options.output)
        let file = try TableFile(path)
        let columns = try TableColumns(file, options)
        try DatasetWriter.requireRoom(
            for: columns.rows * (columns.width + 1) * MemoryLayout<Float>.stride, at: output)
        let partial = PartialFile(of: output)
        try partial.replaceOutput {
            let hdf5 = try HDF5File.create(partial.path)
            let attributes = hdf5.root.attributes
            try attributes.set("format", DatasetFile.format)
            try attributes.set("version", DatasetFile.version)
            try attributes.set("features", columns.names)
            try attributes.set("mean", columns.mean.map(Double.init))
            try attributes.set("std", columns.deviation.map(Double.init))
            switch columns.targets {
            case .classes(_, let names, _): try attributes.set("classes", names)
            case .numbers: try attributes.set("targets", options.targets)
            }
            try TableWriter(file, columns, hdf5.root).write(progress)
            try hdf5.close()
        }
        return TableSummary(output: output, rows: columns.rows, features: columns.width, targets: columns.targets)
    }
}

/// What a new data set file of a table holds.
public struct TableSummary: Sendable, CustomStringConvertible {
    public let output: String
    public let rows: Int
    /// The values of a sample.
    public let features: Int
    /// 0 if the targets are numbers.
    public let classes: Int
    /// Numbers that are to be predicted; 0 if there are classes.
    public let targets: Int

    init(output: String, rows: Int, features: Int, targets: TableColumns.Targets) {
        (self.output, self.rows, self.features) = (output, rows, features)
        switch targets {
        case .classes(_, let names, _): (classes, self.targets) = (names.count, 0)
        case .numbers(let columns): (classes, self.targets) = (0, columns.count)
        }
    }

    /// `houses.h5: table, 506 train samples of 13 features, 1 target`
    public var description: String {
        let kind = classes > 0 ? "\(classes) classes" : Figures.count(targets, "target")
        return
            "\(output): table, \(Figures.count(rows, "train sample")) of \(Figures.count(features, "feature")), \(kind)"
    }
}

/// Writes the rows of a table, a block at a time.
private struct TableWriter {
    private let file: TableFile
    private let columns: TableColumns
    private let root: Group
    private static let blockBytes = 8 << 20

    init(_ file: TableFile, _ columns: TableColumns, _ root: Group) {
        (self.file, self.columns, self.root) = (file, columns, root)
    }

    func write(_ progress: (Double) -> Void) throws {
        let features = try root.createDataset(
            "train/features", shape: [columns.rows, columns.width], of: Float.self)
        let labels: Dataset
        switch columns.targets {
        case .classes: labels = try root.createDataset("train/labels", shape: [columns.rows], of: Int32.self)
        case .numbers(let targets):
            labels = try root.createDataset("train/targets", shape: [columns.rows, targets.count], of: Float.self)
        }
        let rows = try file.rows()
        let block = max(1, Self.blockBytes / (columns.width * MemoryLayout<Float>.stride))
        for start in stride(from: 0, to: columns.rows, by: block) {
            let range = start..<min(start + block, columns.rows)
            var values = [Float](repeating: 0, count: range.count * columns.width)
            var classes: [Int32] = []
            var targets: [Float] = []
            for row in 0..<range.count {
                guard try rows.next() else {
                    throw ImportError.sampleCount(file.path, expected: columns.rows, actual: start + row)
                }
                try fill(&values, at: row * columns.width, from: rows)
                switch columns.targets {
                case .classes(let column, _, let places): classes.append(Int32(try place(column, places, rows)))
                case .numbers(let columns): for column in columns { targets.append(try number(column, rows)) }
                }
            }
            try features.write(rows: range, from: values)
            if classes.isEmpty {
                try labels.write(rows: range, from: targets)
            } else {
                try labels.write(rows: range, from: classes)
            }
            progress(Double(range.upperBound) / Double(columns.rows))
        }
        guard try !rows.next() else {
            throw ImportError.sampleCount(file.path, expected: columns.rows, actual: columns.rows + 1)
        }
    }

    private func fill(_ values: inout [Float], at start: Int, from rows: TableFile.Rows) throws {
        var place = start
        for feature in columns.features {
            switch feature {
            case .number(let column, let mean, let deviation):
                values[place] = Float((try rows.number(column, remedy: Self.changed) - mean) / deviation)
            case .words(let column, let places): values[place + (try self.place(column, places, rows))] = 1
            }
            place += feature.width
        }
    }

    private func number(_ column: Int, _ rows: TableFile.Rows) throws -> Float {
        Float(try rows.number(column, remedy: Self.changed))
    }

    private func place(_ column: Int, _ places: [String: Int], _ rows: TableFile.Rows) throws -> Int {
        guard let place = places[try rows.value(column).text] else {
            throw ImportError.badLine(
                file.path, line: rows.line, reason: "column \(column + 1): a new word; \(Self.changed)")
        }
        return place
    }

    private static let changed = "the table changed while it was read"
}
