import Basics
import ArgumentParser
import DataPipeline
import Datasets
import Sessions
import Transforms
import Models
import Options
import Training

struct DataBenchCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "bench",
        abstract: "Measure how fast a data file's training samples become input of a network.",
        discussion: """
            Samples are drawn, read, decoded, transformed and normalised as in training, shuffled; no network uses them. \
            The first rate is by time, and includes waiting for the disk. The second is by processor time: what one core \
            can do. Parts of the file that the operating system has cached are not read again.

            Examples:
              dptrain data bench fashion.h5
              dptrain data bench chunked.h5 --seconds 10 --json
              dptrain data bench cifar.h5 --augment flip
              dptrain data bench 'imagenet/*.h5' --input-size 224 --readers 4
            """)

    @Argument(help: "HDF5 file, a folder of part files, or a pattern in quotes", completion: .file())
    var file: String

    @Option(help: "samples per step")
    var batchSize = 128

    @Option(help: "parts a batch is cut into")
    var shards = 8

    @OptionGroup var pipeline: PipelineFlags

    @Option(help: "threads that read, decode and transform")
    var readers = 1

    @OptionGroup var dataset: DatasetFlags

    @Option(help: "how long to measure")
    var seconds = 3.0

    @Flag(
        help:
            "as JSON: images_per_second, images_per_processor_second, rows_read_per_image, normalizing_share, samples, seconds"
    )
    var json = false

    mutating func validate() throws {
        do { try options.validate() } catch { throw ValidationError("\(error)") }
        guard pipeline.inputSize != nil || pipeline.cropFraction == nil else {
            throw ValidationError("--crop-fraction needs --input-size")
        }
        guard seconds > 0, seconds <= 3600 else { throw ValidationError("--seconds \(seconds) is not in 0...3600") }
    }

    private var options: TrainingOptions {
        get throws {
            var options = TrainingOptions()
            for (name, number) in [("batch-size", batchSize), ("shards", shards), ("readers", readers)] {
                try options.set(name, to: "\(number)")
            }
            try pipeline.set(&options)
            return options
        }
    }

    func run() throws {
        let options = try options
        let stored = try DatasetFile.open(file, options: dataset.options).split(.train)
        let data = try options.fitted(stored) { options.inputSize.map { NetworkInput($0) } }
        let pipeline = try InputPipeline(
            TransformChain(options.sampleTransforms, of: data, seed: 0), data.standardNormalization().rule,
            further: data.further)
        var source = BatchSource(data, pipeline, batch: min(batchSize, data.count), shards: shards, seed: 0)
        source.readers = readers
        let rate = try PipelineRate.measure(source, limit: seconds)
        try StandardOutput.print(json ? report(rate).text() : text(data, rate))
    }

    private func report(_ rate: PipelineRate) -> JSONValue {
        [
            "images_per_second": .number(rate.samplesPerSecond),
            "images_per_processor_second": .number(rate.samplesPerProcessorSecond),
            "rows_read_per_image": .number(rate.rowsReadPerSample),
            "normalizing_share": .number(rate.normalizing / rate.processorSeconds), "samples": .integer(rate.samples),
            "seconds": .number(rate.seconds),
        ]
    }

    private func text(_ data: SampleSet, _ rate: PipelineRate) -> String {
        let megabytes = rate.samplesPerSecond * Double(data.specification.valueBytes) / 1e6
        let summary =
            "\(file): \(data.count) training samples of \(data.sample), \(data.source.access.explanation)\n"
            + .formatted(
                """
                %.0f images/s (%.0f MB/s of samples); %.0f a second of processor time, %.0f %% of it normalising; \
                %.2f rows read for each image
                """,
                rate.samplesPerSecond, megabytes, rate.samplesPerProcessorSecond,
                100 * rate.normalizing / rate.processorSeconds, rate.rowsReadPerSample)
        return summary + (ReadAmplification.warning(rate.rowsReadPerSample).map { "\n\($0)" } ?? "")
    }
}

extension SampleSource.Access {
    fileprivate var explanation: String {
        switch self {
        case .direct: "read one by one at their place in the file"
        case .byRow: "read one by one through HDF5"
        case .chunked(let rows): "read in whole chunks of \(rows)"
        }
    }
}
