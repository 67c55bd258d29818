import ArgumentParser
import Basics
import Checkpoints
import Glibc
import Training

struct CheckpointExportCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "export",
        abstract: "Write a checkpoint's model as a plain Keras file, without the state of the run.",
        discussion: """
            Example:
              dptrain checkpoint export runs/lenet/best.h5 --output lenet.h5
              dptrain checkpoint export runs/lenet/best.h5 --output weights.h5 --form weights
            """)

    @Argument(help: "checkpoint")
    var file: String

    @Option(help: ArgumentHelp("file to write", valueName: "file.h5"))
    var output: String

    @Option(
        help: ArgumentHelp(
            "model, for keras.models.load_model; or weights, for model.load_weights", valueName: "form"))
    var form = CheckpointFile.ExportForm.model

    @Flag(help: "replace the file if it exists")
    var overwrite = false

    func run() throws {
        let state = try CheckpointFile.read(file)
        guard overwrite || access(output, F_OK) != 0 else {
            throw CheckpointError(
                .write, file: output, "exists already", remedy: "choose another name or give --overwrite")
        }
        try CheckpointFile.export(state, to: output, as: form)
        print("\(output): \(form.rawValue) of \(state.network.name) at step \(state.position.globalStep.grouped)")
    }
}

extension CheckpointFile.ExportForm: ExpressibleByArgument {}
