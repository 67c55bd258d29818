import ArgumentParser
import Basics
import DataPipeline

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

    @Option(help: ArgumentHelp("path of the samples in the file, where it is not found", valueName: "path"))
    var images: String?

    @Option(help: ArgumentHelp("path of the labels in the file, where it is not found", valueName: "path"))
    var labels: String?

    @Option(help: ArgumentHelp("nhwc or nchw, where it cannot be told", valueName: "order"))
    var channelOrder: ChannelOrder?

    @Option(help: ArgumentHelp("fraction of the training samples kept for validation", valueName: "fraction"))
    var validationSplit: Double?

    @OptionGroup var external: ExternalFlag

    func run() throws {
        let options = DatasetOptions(
            images: images, labels: labels, order: channelOrder, allowsExternal: external.allowExternal)
        try StandardOutput.print(
            DatasetInspection(DatasetFile.open(file, options: options), validationSplit: validationSplit).description)
    }
}

extension ChannelOrder: ExpressibleByArgument {}
