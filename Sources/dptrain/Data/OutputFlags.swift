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
        // A shell would expand the pattern of parts.
        let file = summary.output.contains(where: { $0 == "*" }) ? "'\(summary.output)'" : summary.output
        try StandardOutput.print(
            """
            \(summary)\(Self.hint(for: summary))
            What to type next:
              dptrain data inspect \(file)
              dptrain \(Self.start(for: summary)) --data \(file) --output runs/first
            """)
    }

    private static func hint(for summary: ImportSummary) -> String {
        guard summary.splits.map(\.name) == ["train"], summary.shape.rank == 0 else { return "" }
        return "\n  all images are for training; --split 80/10/10 keeps some to validate and to test with"
    }

    /// With fewer photographs a large network learns little from scratch.
    private static let fewestForResNet = 20_000

    /// A model that takes such images and learns soon.
    private static func start(for summary: ImportSummary) -> String {
        let count = summary.splits.reduce(0) { $0 + $1.count }
        return switch summary.shape {
        case _ where summary.shape.rank > 0 && summary.classes.isEmpty: "--model ann-regression"
        case [28, 28, 1]: "--model lenet5-keras"
        case [32, 32, 3]: "--model simple-cnn"
        case [] where count >= fewestForResNet || summary.classes.count < 2: "--model resnet50-v1.5"
        case [] where summary.classes.count == 2: "--recipe cats-dogs"
        case []: "--recipe cats-dogs --classes \(summary.classes.count) --loss sparse_categorical_crossentropy"
        default: "--model mlp"
        }
    }
}
