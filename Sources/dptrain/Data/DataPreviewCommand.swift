import ArgumentParser
import Basics
import DataPipeline
import Datasets
import Evaluation
import Models
import Options
import Pictures
import Sessions
import Training
import Transforms

struct DataPreviewCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "preview",
        abstract: "Draw the samples of a data file as a network sees them, with the names of their classes.",
        discussion: """
            With --augment a row shows several draws of one sample, as training would make them. Normalisation changes \\
            numbers only, and is not drawn. Floats are drawn from black, the smallest, to white, the largest.

            Examples:
              dptrain data preview --data fashion.h5 --output sheet.png
              dptrain data preview --data pets.h5 --input-size 224 --augment "random-resized-crop, flip, color-jitter" --output sheet.png
              dptrain data preview --data cifar.h5 --augment "pad-and-crop, flip, cutmix" --draws 8 --samples 6 --output sheet.png
            """)

    @Option(
        help: ArgumentHelp("HDF5 file, a folder of part files, or a pattern in quotes", valueName: "file.h5"),
        completion: .file())
    var data: String

    @Option(help: ArgumentHelp("PNG file to write", valueName: "sheet.png"), completion: .file())
    var output: String

    @Flag(help: "replace the picture if it exists")
    var overwrite = false

    @Option(help: ArgumentHelp("train, validation or test", valueName: "split"))
    var split = Split.train

    @Option(help: "number of samples (default: 36, or 8 with --augment)")
    var samples: Int?

    @Option(help: "how often each sample is drawn (default: 1, or 6 with --augment)")
    var draws: Int?

    @OptionGroup var pipeline: PipelineFlags

    @Option(help: "decides which samples are drawn, and how")
    var seed: UInt64 = 0

    @Flag(inversion: .prefixedNo, help: "take samples from anywhere instead of the first ones")
    var shuffle = true

    @OptionGroup var dataset: DatasetFlags

    private static let mostPictures = 4096

    mutating func validate() throws {
        do { try options.validate() } catch { throw ValidationError("\(error)") }
        guard wantedSamples > 0, wantedDraws > 0, wantedSamples <= Self.mostPictures / wantedDraws else {
            throw ValidationError(
                "\(wantedSamples) samples drawn \(wantedDraws) times each are not 1 to \(Self.mostPictures) pictures; "
                    + "change --samples or --draws")
        }
    }

    private var wantedSamples: Int { samples ?? (pipeline.augment == nil ? 36 : 8) }
    private var wantedDraws: Int { draws ?? (pipeline.augment == nil ? 1 : 6) }

    private var options: TrainingOptions {
        get throws {
            var options = TrainingOptions()
            try pipeline.set(&options)
            return options
        }
    }

    func run() throws {
        let options = try options
        let file = try OutputFile(output, overwrite: overwrite)
        let stored = try DatasetFile.open(data, options: dataset.options).split(split)
        let fitted = try options.fitted(stored) { options.inputSize.map { NetworkInput($0) } }
        let samples = pipeline.augment == nil ? fitted.inEvaluation : fitted
        let pipeline = try InputPipeline(
            TransformChain(options.sampleTransforms, of: samples, seed: seed), .unchanged, further: samples.further)
        guard pipeline.output.isImage else {
            throw DatasetError(
                file: stored.file, object: stored.source.dataset.path,
                "its samples are rows of \(pipeline.output.shape) features, of which there is no picture",
                remedy: "see `dptrain data stats`")
        }
        let count = min(wantedSamples, samples.count)
        let sheet = try SampleSheet(samples, pipeline, count: count, draws: wantedDraws, seed: shuffle ? seed : nil)
            .picture()
        try file.write(sheet.png())
        StandardError.warnOfBoxes(
            in: stored.classNames ?? [], remedy: "its letters are Latin, Greek and Cyrillic ones; a report has all")
        try StandardOutput.print(
            "\(output): \(Figures.count(count, "sample")) of \(data)"
                + (wantedDraws > 1 ? ", each drawn \(wantedDraws) times" : "") + ", \(sheet.width)x\(sheet.height)")
    }
}
