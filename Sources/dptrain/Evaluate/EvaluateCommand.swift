import ArgumentParser
import Foundation
import MessagePassing
import Models
import Training

struct EvaluateCommand: RankCommand {
    static let configuration = CommandConfiguration(
        commandName: "evaluate",
        abstract: "Measure loss and accuracy of a trained model on a data file.",
        discussion: """
            The figures are the same on any number of ranks. The L2 penalty of training is part of the loss, as in Keras.

            Examples:
              dptrain evaluate runs/lenet/best.h5 --data fashion.h5
              mpirun -n 4 dptrain evaluate runs/lenet/best.h5 --data fashion.h5 --split train --json
            """)

    @OptionGroup var flags: EvaluationFlags

    @Flag(help: "as JSON: loss, accuracy, top5 (null where they mean nothing), samples, split")
    var json = false

    var threads: Int { flags.threads }

    var sharedFacts: [SharedFact] { flags.sharedFacts }

    func run(on world: Communicator) throws -> ExitCode {
        let threads = flags.threads
        let run = EvaluationRun(flags.request, world) { try EngineChoice.engine($0, threads: threads) }
        let result = try run.evaluate()
        if world.rank == 0 { print(json ? try result.json.text() : result.text(of: flags)) }
        return .success
    }
}

extension EvaluationResult {
    fileprivate var json: JSONValue {
        [
            "loss": Self.number(loss), "accuracy": Self.number(accuracy), "top5": Self.number(top5),
            "samples": .integer(samples), "split": .string(split.rawValue),
        ]
    }

    /// JSON has no word for what is not a number.
    private static func number(_ value: Double?) -> JSONValue {
        value.flatMap { $0.isFinite ? .number($0) : nil } ?? .null
    }

    fileprivate func text(of flags: EvaluationFlags) -> String {
        let figures = [("loss", loss as Double?), ("accuracy", accuracy), ("top 5", top5)]
        let list = figures.compactMap { name, value in value.map { "\(name): \($0.rounded(toDigits: 4))" } }
        return """
            \(flags.model) on \(samples) \(split.rawValue) samples of \(flags.data), \(Int(samplesPerSecond)) images/s
            \(list.joined(separator: " - "))
            """
    }
}

extension Double {
    fileprivate func rounded(toDigits digits: Int) -> String { String(format: "%.\(digits)f", self) }
}
