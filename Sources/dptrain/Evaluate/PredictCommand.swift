import ArgumentParser
import Basics
import Evaluation
import MessagePassing
import Training

struct PredictCommand: RankCommand {
    static let configuration = CommandConfiguration(
        commandName: "predict",
        abstract: "Predict the samples of a data file. Of several models it gives the mean.",
        discussion: """
            The output file holds /predictions: float32 [samples, outputs], in the order of the data. They are
            probabilities if the model ends in softmax or sigmoid. /labels or /targets are copied if the data has them.
            The attribute classes holds the names. The attribute decision is "smallest" if outputs are distances, where
            the class with the smallest one is predicted. /rows says which rows of the data set they are of, if these are
            not all.

            The best classes, or the values of regression, are printed for a few samples, or with --top. Several models
            must have the same outputs. Each of them sees the samples as in its training.

            Examples:
              dptrain predict runs/lenet/best.h5 --data fashion.h5 --output predictions.h5
              dptrain predict runs/*/best.h5 --data fashion.h5 --top 5
              mpirun -n 4 dptrain predict model-of-keras.h5 --data fashion.h5 --split train --output train.h5
            """)

    @Argument(help: "checkpoints, or Keras models (.h5)")
    var models: [String]

    @OptionGroup var flags: EvaluationFlags

    @Option(help: ArgumentHelp("HDF5 file to write", valueName: "file.h5"))
    var output: String?

    @Flag(help: "replace the file if it exists")
    var overwrite = false

    @Option(help: "print so many of the best classes of every sample (default: 3, of up to 20 samples)")
    var top: Int?

    mutating func validate() throws {
        if let top, top < 1 { throw ValidationError("--top \(top) is not positive") }
        guard output != nil || top != nil else {
            throw ValidationError("say where the predictions go with --output, or print the best classes with --top")
        }
    }

    var threads: Int { flags.threads }

    var sharedFacts: [SharedFact] { [SharedFact("the number of models", "\(models.count)")] }

    func run(on world: Communicator) throws -> ExitCode {
        let run = EvaluationRun(flags.request(models), world, engines: EngineChoice.engine)
        let predictions = try run.predict(to: output, overwrite: overwrite, ranksClasses: top != nil)
        if world.rank == 0 { try report(predictions) }
        return .success
    }

    private func report(_ predictions: Predictions) throws {
        if let top = top ?? (predictions.samples <= 20 ? 3 : nil) {
            let lines = (0..<predictions.samples).map { predictions.line($0, top: top) }
            try StandardOutput.print(lines.joined(separator: "\n"))
        }
        let source = "\(predictions.split.rawValue) samples of \(flags.data)"
        let size = "[\(predictions.samples), \(predictions.outputs)]"
        let mean = models.count > 1 ? ", the mean of \(models.count) models" : ""
        let file = output.map { "\($0): " } ?? ""
        try StandardOutput.print(
            "\(file)predictions \(size) for the \(source)\(mean), \(Int(predictions.samplesPerSecond)) images/s")
    }
}

extension Predictions {
    /// `7: Sneaker 0.9312, Sandal 0.0544, Ankle boot 0.0144 (label: Sandal)`, or values: `7: 0.25, 1.5 (target: 0.5, 1)`
    fileprivate func line(_ sample: Int, top: Int) -> String {
        let says =
            meaning == .values
            ? Self.list(values(of: sample))
            : ranking(of: sample, count: top).map { "\(name(of: $0.label)) \(Figures.decimal(Double($0.score), 4))" }
                .joined(separator: ", ")
        let target =
            switch targets {
            case .labels(let labels): " (label: \(name(of: Int(labels[sample]))))"
            case .targets(let targets, let width):
                " (target: \(Self.list(targets[sample * width..<(sample + 1) * width])))"
            case .none: ""
            }
        return "\(sample): \(says)\(target)"
    }

    private static func list(_ values: ArraySlice<Float>) -> String {
        values.map { "\($0)" }.joined(separator: ", ")
    }
}
