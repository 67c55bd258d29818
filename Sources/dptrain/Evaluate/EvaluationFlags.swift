import ArgumentParser
import Datasets
import Engines
import Evaluation
import Execution
import Models
import ModelZoo
import Options
import Transforms

/// What `evaluate` and `predict` have in common.
struct EvaluationFlags: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            """
            train, validation or test (default: test, else validation, else train); validation also gives the training \
            samples that the checkpoint's run kept back
            """, valueName: "split")
    )
    var split: Split?

    @Option(help: ArgumentHelp("path of the labels in the HDF5 file (default: found by name)", valueName: "path"))
    var labels: String?

    @OptionGroup var external: ExternalFlag

    @Option(
        help: ArgumentHelp(
            "auto, unchanged, unit (by 255) or standardized (default: as the model was trained)", valueName: "rule"))
    var normalization: TrainingOptions.Normalization?

    @Option(
        help: ArgumentHelp(
            "size of the samples, such as 224 or 224x160, for a Keras model that leaves it open", valueName: "size"))
    var inputSize: InputSize?

    @Option(
        help: ArgumentHelp(
            "average the predictions for several views of each image: flip (2), multi-crop (6, some moved by a pixel), "
                + "ten-crop (10) or multi-scale (6)", valueName: "views"))
    var testTimeAugmentation: TestTimeAugmentation?

    @Option(
        help: ArgumentHelp(
            "images are resized to the network's input divided by this, and cut (default: as in training)",
            valueName: "part"))
    var cropFraction: Double?

    @Option(help: "samples per step, over all ranks (default: the checkpoint's, else 128)")
    var batchSize: Int?

    @Option(help: "number of parts that a batch is cut into; at least one per rank (default: the checkpoint's, else 8)")
    var shards: Int?

    @Option(help: "threads per rank")
    var threads = 1

    @Option(help: "threads per rank that read and decode samples (default: as many as there are processors to spare)")
    var readers: Int?

    @Option(help: ArgumentHelp("onednn or blas", valueName: "engine"))
    var engine = EngineChoice.standard

    @Option(help: ArgumentHelp("fp32 or bf16 (default: as the model was trained)", valueName: "precision"))
    var precision: Precision?

    mutating func validate() throws {
        try TrainingOptions.check([
            ("batch-size", batchSize), ("shards", shards), ("threads", threads), ("readers", readers),
        ])
        if let cropFraction {
            var options = TrainingOptions()
            do { try options.set("crop-fraction", to: "\(cropFraction)") } catch { throw ValidationError("\(error)") }
        }
    }

    /// `path`: what `--images` names.
    func checkPath(_ path: String?, withData data: String?) throws {
        if path != nil, data != nil, split == .test {
            throw ValidationError("--images names the samples of the train split; leave out --split test")
        }
    }

    /// `images`: their path in the file.
    func request(_ models: [String], data: String, images: String?) -> EvaluationRequest {
        var request = EvaluationRequest(models: models, data: data, engine: engine)
        request.split = split
        request.images = images
        request.testTimeAugmentation = testTimeAugmentation
        request.cropFraction = cropFraction
        request.labels = labels
        request.allowExternal = external.allowExternal
        request.normalization = normalization
        request.inputSize = inputSize
        request.batchSize = batchSize
        request.shards = shards
        request.precision = precision
        request.threads = threads
        request.readers = readers
        return request
    }
}

extension Split: ExpressibleByArgument {}
extension TestTimeAugmentation: ExpressibleByArgument {}
extension TrainingOptions.Normalization: ExpressibleByArgument {}
extension TrainingOptions.EngineName: ExpressibleByArgument {}
extension Precision: ExpressibleByArgument {}
extension InputSize: ExpressibleByArgument {}
