import ArgumentParser
import DataPipeline

struct DataImportCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "import",
        abstract: "Turn MNIST-style idx files or CIFAR's binary files into a data set file.",
        discussion: """
            The source is a folder, one of a set's idx files (plain or .gz), or CIFAR's .tar.gz archive.

            Examples:
              dptrain data import fashion-mnist/ --output fashion.h5
              dptrain data import cifar-100-binary.tar.gz --coarse --output cifar20.h5
            """)

    @Argument(help: "folder, idx file or CIFAR archive")
    var source: String

    @Option(help: ArgumentHelp("idx, cifar10 or cifar100, where the source could be several", valueName: "format"))
    var format: ImportFormat?

    @Flag(help: "CIFAR-100's 20 groups as labels instead of its 100 classes")
    var coarse = false

    @OptionGroup var output: OutputFlags

    func run() throws {
        var options = ImportOptions()
        options.format = format
        options.labels = coarse ? .coarse : .fine
        options.output = output.writerOptions
        let summary = try ProgressLine.during("Importing") { progress in
            try DatasetImporter.importDataset(from: source, into: output.output, options: options, progress: progress)
        }
        try output.report(summary)
    }
}

extension ImportFormat: ExpressibleByArgument {
    public init?(argument: String) {
        guard let format = Self.allCases.first(where: { [$0.rawValue, $0.flagText].contains(argument) }) else {
            return nil
        }
        self = format
    }

    /// Without the hyphen, which nobody types.
    private var flagText: String { rawValue.filter { $0 != "-" } }

    public static var allValueStrings: [String] { allCases.map(\.flagText) }
}
