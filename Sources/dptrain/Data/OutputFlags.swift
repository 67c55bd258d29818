import ArgumentParser
import DatasetCreation
import Basics

/// What the commands that write a data set file have in common.
struct OutputFlags: ParsableArguments {
    @Option(help: ArgumentHelp("HDF5 file to write", valueName: "file.h5"), completion: .file())
    var output: String

    @Flag(help: "replace the file if it exists")
    var overwrite = false

    @Option(help: "store the images in chunks of so many; without it in one run, which training reads fastest")
    var imagesPerChunk: Int?

    @Option(help: "compress the chunks with gzip at this level, 1 (fast) to 9 (small)")
    var compression: Int?

    mutating func validate() throws {
        if let imagesPerChunk, imagesPerChunk < 1 {
            throw ValidationError("--images-per-chunk \(imagesPerChunk) is not positive")
        }
        if let compression, !(1...9).contains(compression) {
            throw ValidationError("--compression \(compression) is not between 1 and 9")
        }
    }

    var writerOptions: DatasetWriter.Options {
        var options = DatasetWriter.Options()
        options.overwrite = overwrite
        options.imagesPerChunk = imagesPerChunk
        options.compression = compression
        return options
    }

    /// Says what was written and what to do with it.
    func report(_ summary: ImportSummary) throws {
        for warning in summary.warnings { StandardError.print("warning: \(warning)") }
        if summary.splits.map(\.name) == ["train"], summary.shape.rank == 0 {
            try StandardOutput.print(
                "  all images are for training; --split 80/10/10 keeps some to validate and to test with")
        }
        // A shell would expand the pattern of parts.
        let file = summary.output.contains(where: { $0 == "*" }) ? "'\(summary.output)'" : summary.output
        try StandardOutput.print(
            """
            \(summary)
            What to type next:
              dptrain data inspect \(file)
              dptrain --model \(Self.model(for: summary)) --data \(file) --output runs/first
            """)
    }

    /// A small model that takes such images.
    private static func model(for summary: ImportSummary) -> String {
        switch summary.shape {
        case _ where summary.shape.rank > 0 && summary.classes.isEmpty: "ann-regression"
        case [28, 28, 1]: "lenet5-keras"
        case [32, 32, 3]: "simple-cnn"
        case []: "resnet50-v1.5"
        default: "mlp"
        }
    }
}
