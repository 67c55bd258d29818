import ArgumentParser
import MessagePassing
import Training

struct PredictCommand: RankCommand {
    static let configuration = CommandConfiguration(
        commandName: "predict",
        abstract: "Write a trained model's outputs for the samples of a data file.",
        discussion: """
            The output file holds /predictions, float32 [samples, outputs] in the data's order, probabilities where the
            model ends in softmax or sigmoid; and /labels or /targets where the data has them. Its attribute `decision`
            is `smallest` where outputs are distances, of which the smallest is the answer.

            Examples:
              dptrain predict runs/lenet/best.h5 --data fashion.h5 --output predictions.h5
              mpirun -n 4 dptrain predict model-of-keras.h5 --data fashion.h5 --split train --output train.h5
            """)

    @OptionGroup var flags: EvaluationFlags

    @Option(help: ArgumentHelp("HDF5 file to write", valueName: "file.h5"))
    var output: String

    @Flag(help: "replace the file if it exists")
    var overwrite = false

    var threads: Int { flags.threads }

    var sharedFacts: [SharedFact] { flags.sharedFacts }

    func run(on world: Communicator) throws -> ExitCode {
        let threads = flags.threads
        let run = EvaluationRun(flags.request, world) { try EngineChoice.engine($0, threads: threads) }
        let summary = try run.predict(to: output, overwrite: overwrite)
        if world.rank == 0 {
            print(
                "\(output): predictions [\(summary.samples), \(summary.outputs)] for the \(summary.split.rawValue) samples of "
                    + "\(flags.data), \(Int(summary.samplesPerSecond)) images/s")
        }
        return .success
    }
}
