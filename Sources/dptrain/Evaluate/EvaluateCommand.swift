import ArgumentParser
import Basics
import Engines
import Evaluation
import MessagePassing
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
            class_accuracy and confusion, a list a label; with --per-class a list of classes
            """)
    var json = false

    @Flag(help: "show the confusion matrix and the accuracy of each class")
    var confusion = false

    @Flag(help: "show precision, recall and F1 of every class, not only of up to \(mostRows)")
    var perClass = false

    @Option(
        help: ArgumentHelp("write the confusion matrix as comma-separated values", valueName: "file.csv"),
        completion: .file())
    var confusionFile: String?

    private static let mostRows = 20

    var threads: Int { flags.threads }

    var sharedFacts: [SharedFact] {
        [SharedFact("--confusion or --confusion-file", "\(countsConfusion)")]
    }

    private var countsConfusion: Bool { confusion || confusionFile != nil }

    func run(on world: Communicator) throws -> ExitCode {
        var request = flags.request([model], data: data, images: images)
        request.countsConfusion = countsConfusion
        let table = try world.onRoot { try confusionFile.map { try OutputFile($0, overwrite: true) } }
        let result = try EvaluationRun(request, world, engines: EngineChoice.engine).evaluate()
        if world.rank == 0 { try report(result, table ?? nil) }
        return .success
    }

    private func report(_ result: EvaluationResult, _ table: OutputFile?) throws {
        if let table, let matrix = result.confusion { try table.write(Array(matrix.csv.utf8)) }
        if json {
            try StandardOutput.print(JSONValue.object(result.json(withConfusion: confusion, perClass: perClass)).text())
            return
        }
        try StandardOutput.print(result.text(of: model, data))
        if let matrix = result.confusion {
            let showsAll = perClass || matrix.classes <= Self.mostRows
            try StandardOutput.print(ClassReport(matrix).table(everyClass: showsAll))
        }
        if confusion, let matrix = result.confusion { try StandardOutput.print(matrix.table) }
    }
}

extension EvaluationResult {
    fileprivate func json(withConfusion: Bool, perClass: Bool) -> [String: JSONValue] {
        var members: [String: JSONValue] = [
            "loss": .ifFinite(loss), "accuracy": .ifFinite(accuracy), "top5": .ifFinite(top5),
            "samples": .integer(samples), "split": .string(split.rawValue),
        ]
        if let errors {
            members["mae"] = .ifFinite(errors.meanAbsolute)
            members["rmse"] = .ifFinite(errors.rootMeanSquare)
            members["r2"] = .ifFinite(errors.r2)
        }
        if !outputs.isEmpty {
            members["outputs"] = .object(
                Dictionary(
                    outputs.map { ($0.name, ["loss": .ifFinite($0.loss), "accuracy": .ifFinite($0.accuracy)]) },
                    uniquingKeysWith: { first, _ in first }))
        }
        guard let confusion else { return members }
        let report = ClassReport(confusion)
        members.merge(Self.json(report.macro)) { $1 }
        if perClass {
            members["per_class"] = .array(
                zip(report.classNames, report.classes).map { name, scores in
                    .object(
                        Self.json(scores).merging(["class": .string(name), "samples": .integer(scores.support)]) { $1 })
                })
        }
        guard withConfusion else { return members }
        let classes = 0..<confusion.classes
        members["classes"] = .array(confusion.classNames.map { .string($0) })
        members["class_accuracy"] = .array(classes.map { .ifFinite(confusion.accuracy(of: $0)) })
        members["confusion"] = .array(
            classes.map { label in .array(classes.map { .integer(confusion[label, $0]) }) })
        return members
    }

    private static func json(_ scores: ClassReport.Scores) -> [String: JSONValue] {
        ["precision": .ifFinite(scores.precision), "recall": .ifFinite(scores.recall), "f1": .ifFinite(scores.f1)]
    }

    fileprivate func text(of model: String, _ data: String) -> String {
        let figures =
            [
                ("loss", loss as Double?), ("accuracy", accuracy), ("top 5", top5), ("MAE", errors?.meanAbsolute),
                ("RMSE", errors?.rootMeanSquare), ("R2", errors?.r2),
            ] + outputs.flatMap { [("\($0.name) loss", $0.loss as Double?), ("\($0.name) accuracy", $0.accuracy)] }
        let list = figures.compactMap { name, value in value.map { "\(name): \(Figures.metric($0))" } }
        let notes = notes.map { "\nnote: \($0)" }.joined()
        return """
            \(model) on \(samples) \(split.rawValue) samples of \(data), \(Int(samplesPerSecond)) samples/s
            \(list.joined(separator: " - "))\(notes)
            """
    }
}
