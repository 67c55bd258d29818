import ArgumentParser
import Options
import Transforms

/// How stored samples become inputs, where nothing is trained.
struct PipelineFlags: ParsableArguments {
    @Option(help: ArgumentHelp(AugmentationList.grammar))
    var augment: String?

    @Option(help: "size that encoded images are made, such as 224 or 224x160 (default: 224)")
    var inputSize: String?

    @Option(help: "as in training: images are resized and cut to --input-size")
    var cropFraction: String?

    @Option(help: "bilinear or bicubic")
    var interpolation: String?

    func set(_ options: inout TrainingOptions) throws {
        let flags = [
            ("augment", augment), ("input-size", inputSize), ("crop-fraction", cropFraction),
            ("interpolation", interpolation),
        ]
        for (name, text) in flags { if let text { try options.set(name, to: text) } }
    }
}

/// What the commands that read a data set file, and have no training options, have in common.
struct ExternalFlag: ParsableArguments {
    @Flag(help: "read data sets whose bytes lie in files that are no HDF5 files, and that the data file names")
    var allowExternal = false
}
