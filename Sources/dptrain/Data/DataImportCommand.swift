import ArgumentParser
import DatasetCreation

struct DataImportCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "import",
        abstract: "Turn a table, or a data set in a format of others, into a data set file.",
        discussion: """
            The source is a folder, an archive (.tar, .tar.gz, .zip) or a file. Archives are not unpacked. These formats are \
            known:

              \(TableFlags.summary)
            \(ImporterList.known.map { "  \($0.flagText): \($0.summary)" }.joined(separator: "\n"))

            Examples:
              dptrain data import fashion-mnist/ --output fashion.h5
              dptrain data import cifar-100-binary.tar.gz --coarse --output cifar20.h5
              dptrain data import mnist.npz --output mnist.h5
              dptrain data import houses.csv --target price --categorical city --output houses.h5
            """)

    @Argument(help: "folder, archive or file")
    var source: String

    @Option(help: ArgumentHelp("format of the source, where it could be several", valueName: "format"))
    var format: ImportFormat?

    @Flag(help: "CIFAR-100's 20 groups as labels instead of its 100 classes")
    var coarse = false

    @OptionGroup(title: "Tables") var table: TableFlags

    @OptionGroup var output: OutputFlags

    func run() throws {
        if try table.describeTable(at: source) { return try table.importTable(source, output) }
        var options = ImportOptions()
        options.importer = format?.importer
        options.labels = coarse ? .coarse : .fine
        options.output = output.writerOptions
        let summary = try ProgressLine.during("Importing") { progress in
            try DatasetImporter.importDataset(from: source, into: output.output, options: options, progress: progress)
        }
        try output.report(summary)
    }
}

/// A format as `--format` names it.
struct ImportFormat: ExpressibleByArgument {
    let importer: any Importer

    init?(argument: String) {
        guard let importer = ImporterList.known.first(where: { [$0.name, $0.flagText].contains(argument) }) else {
            return nil
        }
        self.importer = importer
    }

    static var allValueStrings: [String] { ImporterList.known.map(\.flagText) }
}

extension Importer {
    /// Without the hyphen, which nobody types.
    fileprivate var flagText: String { name.filter { $0 != "-" } }
}
