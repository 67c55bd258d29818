import ArgumentParser
import Basics
import DatasetCreation
import Datasets
import Engines
import Evaluation
import FoundationEssentials
import MessagePassing
import Training

struct PredictCommand: RankCommand {
    static let configuration = CommandConfiguration(
        commandName: "predict",
        abstract: "Predict the samples of a data file, or images. Of several models it gives the mean.",
        discussion: """
            The output file holds /predictions: float32 [samples, outputs], in the order of the data. They are
            probabilities if the model ends in softmax or sigmoid. /labels or /targets are copied if the data has them.
            The attribute classes holds the names. The attribute decision is "smallest" if outputs are distances, where
            the class with the smallest one is predicted. /rows says which rows of the data set they are of, if these are
            not all.

            The best classes, or the values of regression, are printed for a few samples, for images, or with --top. Several
            models must have the same outputs. Each of them sees the samples as in its training.

            Images are JPEG, PNG or WebP files, or folders and archives of them. They are resized and cut as in training.
            Images that all have the size of the network's input are taken as they are, if the model was not trained on
            image files.

            Examples:
              dptrain predict runs/lenet/best.h5 --data fashion.h5 --output predictions.h5
              dptrain predict runs/*/best.h5 --data fashion.h5 --top 5
              dptrain predict runs/pets/best.h5 --images cat.jpg dog.jpg
              dptrain predict runs/pets/best.h5 --images holidays/ --top 1 --csv
              mpirun -n 4 dptrain predict model-of-keras.h5 --data fashion.h5 --split train --output train.h5
            """)

    @Argument(help: "checkpoints, or Keras models (.h5)", completion: .file())
    var models: [String]

    @Option(help: ArgumentHelp("HDF5 file with the samples", valueName: "file.h5"), completion: .file())
    var data: String?

    @Option(
        parsing: .upToNextOption,
        help: ArgumentHelp(
            "images to predict: files, folders or archives; with --data, the path of the images in the HDF5 file",
            valueName: "images"))
    var images: [String] = []

    @OptionGroup var flags: EvaluationFlags

    @Option(help: ArgumentHelp("HDF5 file to write", valueName: "file.h5"), completion: .file())
    var output: String?

    @Flag(help: "replace the file if it exists")
    var overwrite = false

    @Option(help: "print so many of the best classes of every sample (default: 3, of images and of up to 20 samples)")
    var top: Int?

    @Flag(help: "print JSON: an array of sample (number or image), and classes (name and score) or values")
    var json = false

    @Flag(help: "print comma-separated values: a row a sample, with its best classes and their scores, or its values")
    var csv = false

    mutating func validate() throws {
        if let top, top < 1 { throw ValidationError("--top \(top) is not positive") }
        guard data != nil || !images.isEmpty else {
            throw ValidationError("say what to predict, with --data FILE.h5 or --images FILE...")
        }
        guard data == nil || images.count <= 1 else {
            throw ValidationError("with --data, --images is one path in the HDF5 file")
        }
        guard !(json && csv) else { throw ValidationError("give --json or --csv, not both") }
        guard output != nil || top != nil || json || csv || data == nil else {
            throw ValidationError("say where the predictions go with --output, or print the best classes with --top")
        }
        try flags.checkPath(images.first, withData: data)
    }

    var threads: Int { flags.threads }

    var sharedFacts: [SharedFact] {
        [
            SharedFact("the number of models", "\(models.count)"),
            SharedFact("--images", data == nil ? images.joined(separator: " ") : "none"),
        ]
    }

    func run(on world: Communicator) throws -> ExitCode {
        guard data == nil else {
            try predict(flags.request(models, data: data ?? "", images: images.first), names: nil, on: world)
            return .success
        }
        // Each rank has a file of its own, which nobody needs afterwards.
        let (folder, names) = try world.together {
            let folder = try TemporaryFolder()
            do {
                let all = try models.map { try InspectedModel($0) }
                let model = all[0]
                if let other = all.firstIndex(where: { $0.decodesSamples != model.decodesSamples }) {
                    throw OptionError(
                        "images",
                        "\(models[0]) and \(models[other]) see image files in two ways, since one was trained on image files and "
                            + "one on pixels; give them one after the other")
                }
                let stored = try UnlabelledImages(
                    images, input: model.inputShape, decodesSamples: model.decodesSamples,
                    to: folder.path + "/images.h5")
                return (folder, stored.names)
            } catch {
                folder.remove()
                throw error
            }
        }
        defer { folder.remove() }
        try predict(flags.request(models, data: folder.path + "/images.h5", images: nil), names: names, on: world)
        return .success
    }

    /// `names`: of images; samples of a data file have numbers.
    private func predict(_ request: EvaluationRequest, names: [String]?, on world: Communicator) throws {
        let run = EvaluationRun(request, world, engines: EngineChoice.engine)
        let predictions = try run.predict(to: output, overwrite: overwrite, ranksClasses: top != nil)
        guard world.rank == 0 else { return }
        let doubtful = predictions.samplesNotFinite
        if doubtful > 0 {
            StandardError.print(
                "warning: the outputs of \(doubtful) of \(predictions.samples) samples are not finite; "
                    + "see whether the samples or the weights hold such values")
        }
        let report = PredictionReport(predictions, names: names, top: top ?? 3)
        if json {
            try StandardOutput.print(report.json.text())
        } else if csv {
            try StandardOutput.print(report.csv)
        } else {
            let isShown = top != nil || names != nil || predictions.samples <= 20
            if isShown { try StandardOutput.print(report.text) }
            try StandardOutput.print(summary(predictions, names))
        }
    }

    private func summary(_ predictions: Predictions, _ names: [String]?) -> String {
        let source =
            names.map { Figures.count($0.count, "image") } ?? "\(predictions.split.rawValue) samples of \(data ?? "")"
        let size = "[\(predictions.samples), \(predictions.outputs)]"
        let mean = models.count > 1 ? ", the mean of \(models.count) models" : ""
        let file = output.map { "\($0): " } ?? ""
        return "\(file)predictions \(size) for the \(source)\(mean), \(Int(predictions.samplesPerSecond)) images/s"
    }
}
