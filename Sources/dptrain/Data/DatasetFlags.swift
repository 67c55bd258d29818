import ArgumentParser
import Datasets
import Options

/// How a data file is to be understood, for the commands that read one and have no training options.
struct DatasetFlags: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "path of the images in the HDF5 file (default: found by name); of several inputs of a model: left=PATH,right=PATH",
            valueName: "path"))
    var images: String?

    @Option(
        help: ArgumentHelp(
            "path of the labels in the HDF5 file, or in another one, such as labels.h5:/y (default: found by name); of several outputs of a model: digit=PATH,angle=PATH",
            valueName: "path"))
    var labels: String?

    @Option(help: ArgumentHelp("nhwc, nchw or ncwh (MATLAB), where it cannot be told", valueName: "order"))
    var channelOrder: ChannelOrder?

    @Option(help: ArgumentHelp("labels or values, where the numbers to learn could be both", valueName: "kind"))
    var targets: TargetForm?

    @Option(help: ArgumentHelp("the number of the first class in the file (default: 0)", valueName: "number"))
    var labelOffset: Int?

    @OptionGroup var external: ExternalFlag

    /// Of a model with several inputs; the first of them is taken for the main one.
    private var inputs: OutputList? { images.flatMap(OutputList.init(paths:)) }
    private var heads: OutputList? { labels.flatMap(OutputList.init(paths:)) }

    var options: DatasetOptions {
        var options = DatasetOptions(
            images: inputs == nil ? images : nil, labels: heads == nil ? labels : nil, order: channelOrder,
            targets: targets, allowsExternal: external.allowExternal)
        options.inputs =
            inputs?.items.enumerated().map { InputDemand(name: $1.output, path: $1.value, isMain: $0 == 0) } ?? []
        options.heads = heads?.items.map { HeadDemand(name: $0.output, path: $0.value, demand: nil) } ?? []
        options.labelOffset = labelOffset
        return options
    }
}

extension ChannelOrder: ExpressibleByArgument {}

extension TargetForm: ExpressibleByArgument {
    public init?(argument: String) {
        switch argument {
        case "labels": self = .labels
        case "values": self = .targets
        default: return nil
        }
    }

    public static var allValueStrings: [String] { ["labels", "values"] }
}
