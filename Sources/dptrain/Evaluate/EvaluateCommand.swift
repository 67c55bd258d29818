import ArgumentParser
import Basics
import Engines
import Evaluation
import MessagePassing
import Reduction
import Models
import Training

struct EvaluateCommand: RankCommand {
    static let configuration = CommandConfiguration(
        commandName: "evaluate",
        abstract: "Measure loss and accuracy of a trained model on a data file.",
        discussion: """
            The figures are the same on any number of ranks. The L2 penalty of training is part of the loss, as in Keras.
            The rows of the confusion matrix are labels. Its columns are predictions. Precision, recall, F1 and the errors \
            of regression are scikit-learn's.

            Examples:
              dptrain evaluate runs/lenet/best.h5 --data fashion.h5
              mpirun -n 4 dptrain evaluate runs/lenet/best.h5 --data fashion.h5 --split train --json
              dptrain evaluate runs/lenet/best.h5 --data fashion.h5 --confusion --confusion-file confusion.csv
            """)

    @Argument(help: "checkpoint, or Keras model (.h5)", completion: .file())
    var model: String

    @Option(help: ArgumentHelp("HDF5 file with the samples", valueName: "file.h5"), completion: .file())
    var data: String

    @Option(help: ArgumentHelp("path of the images in the HDF5 file (default: found by name)", valueName: "path"))
    var images: String?

    @OptionGroup var flags: EvaluationFlags

    mutating func validate() throws { try flags.checkPath(images, withData: data) }

    @Flag(
        help: """
            as JSON: loss, accuracy, top5 (null where they mean nothing), samples, split; for classes precision, recall \
            and f1, each the mean of classes; for regression mae, rmse and r2; with --confusion also classes, \
            class_accuracy and confusion, a list a label; with --per-class a list of classes; of several outputs the \
            same in outputs, by name
            """)
    var json = false

    @Flag(help: "show the confusion matrix and the accuracy of each class; of several outputs those of each")
    var confusion = false

    @Flag(help: "show precision, recall and F1 of every class, not only of up to \(mostRows)")
    var perClass = false

    @Option(
        help: ArgumentHelp(
            "write the confusion matrix as comma-separated values; that of one of several outputs to file.NAME.csv",
            valueName: "file.csv"),
        completion: .file())
    var confusionFile: String?

    private static let mostRows = 20

    var threads: Int { flags.threads }

    var sharedFacts: [SharedFact] {
        [
            SharedFact("--confusion or --confusion-file", "\(countsConfusion)"),
            SharedFact("--per-class", "\(perClass)"),
        ]
    }

    private var countsConfusion: Bool { confusion || confusionFile != nil }

    func run(on world: Communicator) throws -> ExitCode {
        var request = flags.request([model], data: data, images: images)
        request.countsConfusion = countsConfusion
        request.measuresOutputs = countsConfusion || perClass
        // Files of several outputs lie in the same folder.
        _ = try world.onRoot { try confusionFile.map { try OutputFile($0, overwrite: true) } }
        let result = try EvaluationRun(request, world, engines: EngineChoice.engine).evaluate()
        if world.rank == 0 { try report(result) }
        return .success
    }

    private func report(_ result: EvaluationResult) throws {
        if let confusionFile { try write(result, to: confusionFile) }
        if json {
            try StandardOutput.print(JSONValue.object(result.json(withConfusion: confusion, perClass: perClass)).text())
            return
        }
        try StandardOutput.print(result.text(of: model, data))
        if let matrix = result.confusion { try show(matrix) }
        for output in result.outputs {
            guard let matrix = output.confusion else { continue }
            try StandardOutput.print("\n\(output.name)")
            try show(matrix)
        }
    }

    private func show(_ matrix: ConfusionMatrix) throws {
        let showsAll = perClass || matrix.classes <= Self.mostRows
        try StandardOutput.print(ClassReport(matrix).table(everyClass: showsAll))
        if confusion { try StandardOutput.print(matrix.table) }
    }

    private func write(_ result: EvaluationResult, to path: String) throws {
        let outputs = result.outputs.filter { $0.confusion != nil }
        let paths = try ConfusionMatrix.files(path, of: outputs.map(\.name))
        let files = try ([path] + paths).map { try OutputFile($0, overwrite: true) }
        for (file, matrix) in zip(files, [result.confusion] + outputs.map(\.confusion)) {
            if let matrix { try file.write(Array(matrix.csv.utf8)) }
        }
    }
}
