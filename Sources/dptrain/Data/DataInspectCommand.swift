import ArgumentParser
import Basics
import Datasets
import DataSummary

struct DataInspectCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "inspect",
        abstract: "Show what a data file holds and how a run would use it.",
        discussion: """
            Files of other programs are understood where they are unambiguous; --images and --labels settle the rest.

            Examples:
              dptrain data inspect fashion.h5
              dptrain data inspect other.h5 --images /pixels --labels /digits
            """)

    @Argument(help: "HDF5 file")
    var file: String

    @Option(help: ArgumentHelp("fraction of the training samples kept for validation", valueName: "fraction"))
    var validationSplit: Double?

    @OptionGroup var dataset: DatasetFlags

    func run() throws {
        try StandardOutput.print(
            DatasetInspection(DatasetFile.open(file, options: dataset.options), validationSplit: validationSplit)
                .description)
    }
}
