import ArgumentParser
import Basics
import DatasetCreation
import ImportFormats
import MessagePassing

struct DataImportCommand: RankCommand {
    static let configuration = CommandConfiguration(
        commandName: "import",
        abstract: "Turn images, a table, or a data set in a format of others, into a data set file.",
        discussion: """
            The sources are folders, archives (.tar, .tar.gz, .zip) or files. Archives are not unpacked. These formats are \
            known:

              \(TableFlags.summary)
            \(ImporterList.known.map { "  \($0.flagText): \($0.summary)" }.joined(separator: "\n"))

            Images are stored as the files that they are, or as pixels of one size (--size). Files that are turned (EXIF), \
            CMYK or of 16 bits are written anew as JPEG. A large set is best written in parts. An import in parts that was \
            interrupted goes on where it was when the same command is given again. Under mpirun the ranks share the work; \
            their number changes no byte.

            Examples:
              dptrain data import fashion-mnist/ --output fashion.h5
              dptrain data import cifar-100-binary.tar.gz --coarse --output cifar20.h5
              dptrain data import mnist.npz --output mnist.h5
              dptrain data import photos/ --split 80/10/10 --output photos.h5
              dptrain data import photos.zip --size 32 --output small.h5
              dptrain data import digits/ --size 28 --grey --output digits.h5
              dptrain data import pictures/ --table pictures/labels.csv --on-bad-image skip --output pictures.h5
              dptrain data import houses.csv --target price --categorical city --output houses.h5
              mpirun -n 4 dptrain data import train.tar val/ --resize 256 --part-size 1G --output imagenet/all.h5
            """)

    @Argument(help: "folders, archives or files", completion: .file())
    var sources: [String]

    @Option(
        help: ArgumentHelp("format of the source, where it could be several", valueName: "format"),
        completion: .list(ImportFormat.allValueStrings))
    var format: ImportFormat?

    @OptionGroup(title: "Formats") var importer: ImporterFlags
    @OptionGroup(title: "Tables") var table: TableFlags
    @OptionGroup(title: "Images") var images: ImageFileFlags
    @OptionGroup var output: OutputFlags

    var threads: Int { 1 }

    mutating func validate() throws {
        guard !sources.isEmpty else { throw ValidationError("give a folder, an archive or a file to import") }
    }

    func run(on world: Communicator) throws -> ExitCode {
        if try table.describeTable(at: sources.count == 1 ? sources[0] : "") {
            guard importer.values.isEmpty, images.options == ImageOptions() else {
                throw ValidationError("options of images and formats are not for a table, and \(sources[0]) is one")
            }
            if world.rank == 0 { try table.importTable(sources[0], output) }
            return .success
        }
        var options = ImportOptions()
        options.format.importer = format?.importer
        options.format.values = importer.values
        options.images = images.options
        options.output = output.writerOptions
        let summary = try ProgressLine.counting("Importing", isShown: world.rank == 0) { progress in
            try DatasetImporter.importDataset(
                from: sources, into: output.output, options: options, world: world, progress: progress)
        }
        if world.rank == 0 { try output.report(summary) }
        return .success
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
