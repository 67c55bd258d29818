import Basics
import DatasetCreation
import FoundationEssentials
import Glibc
import ImportSources
import MessagePassing
import Options
import Training

/// What `dptrain` does for someone who names neither model nor data: a small model on the built-in data set, which is
/// written to a file first, so that the run takes the way of every other one.
struct FirstRun {
    static let model = "simple-cnn"
    private static let folder = "dptrain-demo"
    private static let epochs = 5
    private static let trainImages = 10_000
    private static let testImages = 2_000
    private var data: String { "\(Self.folder)/generated.h5" }

    /// Nil where the options name something to train.
    init?(_ options: TrainingOptions) {
        guard options.model == nil && options.data == nil else { return nil }
    }

    /// Writes the data set and fills in what the options leave open. Collective.
    func prepare(_ request: inout RunRequest, on world: Communicator) throws {
        if world.rank == 0 {
            try StandardOutput.print(
                """
                No model and no data were named: this trains \(Self.model) on generated images, to see how it goes.
                Everything it writes is in \(Self.folder). `dptrain --help` tells what else there is.

                """)
            try writeData()
        }
        try world.barrier()
        request.options.model = Self.model
        request.options.data = data
        if request.options.output == nil {
            // The folder is this run's own, so that it can be started again just so.
            request.options.output = "\(Self.folder)/run"
            request.overwrite = true
        }
        if !request.given.contains("epochs") { request.options.epochs = Self.epochs }
        request.given.formUnion(["model", "data", "output", "epochs"])
    }

    private func writeData() throws {
        do {
            try FileManager.default.createDirectory(atPath: Self.folder, withIntermediateDirectories: true)
        } catch {
            throw ImportError.unwritable(Self.folder, reason: error.failureText)
        }
        var options = DatasetWriter.Options()
        options.overwrite = true
        let summary = try ProgressLine.counting("Generating images") { progress in
            try GeneratedDataset.write(
                to: data, train: Self.trainImages, test: Self.testImages, seed: 0, options: options, progress: progress)
        }
        try StandardOutput.print("\(summary)\n")
    }

    func showNextSteps(_ options: TrainingOptions) throws {
        let output = options.output ?? Self.folder
        try StandardOutput.print(
            """

            What to type next:
              dptrain checkpoint inspect \(output)/latest.h5
              dptrain evaluate \(output)/best.h5 --data \(data) --split test
              dptrain data import DIR --output my.h5       images of your own (see its --help)
              dptrain --model \(Self.model) --data my.h5 --output my-run
              mpirun -n 2 dptrain --model \(Self.model) --data my.h5 --output my-run
            """)
    }
}
