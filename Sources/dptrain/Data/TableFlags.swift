import ArgumentParser
import Basics
import DatasetCreation

/// What becomes of a table's columns.
struct TableFlags: ParsableArguments {
    static let summary =
        "table: rows of numbers and words in a .csv or .tsv file, whose first line names the columns, such as houses.csv"

    @Option(help: ArgumentHelp("column that is to be predicted, or columns of numbers", valueName: "column,..."))
    var target: String?

    @Option(help: ArgumentHelp("columns of words, or of numbers that stand for classes", valueName: "column,..."))
    var categorical: String?

    @Flag(
        help: "give columns of numbers mean 0 and deviation 1; --normalization standardized does so in training instead"
    )
    var standardize = false

    /// Whether the source is a table. Throws if the options say otherwise, or say too little.
    func describeTable(at source: String) throws -> Bool {
        let isTable = TableImporter.isTable(source)
        guard isTable || (target == nil && categorical == nil && !standardize) else {
            throw ValidationError(
                "--target, --categorical and --standardize are for tables, files ending in .csv or .tsv")
        }
        guard !isTable || target != nil else {
            throw ValidationError("\(source) is a table: give the column that is to be predicted with --target")
        }
        return isTable
    }

    func importTable(_ source: String, _ output: OutputFlags) throws {
        guard output.imagesPerChunk == nil, output.compression == nil else {
            throw ValidationError("--images-per-chunk and --compression are for images, and \(source) is a table")
        }
        var options = TableOptions()
        options.targets = Self.names(target)
        options.categorical = Self.names(categorical)
        options.standardizes = standardize
        options.output = output.writerOptions
        let summary = try ProgressLine.during("Importing") { progress in
            try TableImporter.importTable(from: source, into: output.output, options: options, progress: progress)
        }
        let model = summary.classes > 0 ? "mlp" : "ann-regression"
        let scaling = standardize ? "" : " --normalization standardized"
        try StandardOutput.print(
            """
            \(summary)
            What to type next:
              dptrain data inspect \(output.output)
              dptrain --model \(model) --data \(output.output)\(scaling) --output runs/first
            """)
    }

    private static func names(_ list: String?) -> [String] {
        list.map { $0.split(separator: ",", omittingEmptySubsequences: false).map(String.init) } ?? []
    }
}
