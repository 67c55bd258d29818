import ArgumentParser
import Checkpoints
import Training

struct CheckpointInspectCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "inspect",
        abstract: "Show a checkpoint's run, options, history, and a table of its tensors.",
        discussion: """
            Example:
              dptrain checkpoint inspect runs/lenet/best.h5
            """)

    @Argument(help: "checkpoint")
    var file: String

    func run() throws {
        print(CheckpointInspection(try CheckpointFile.read(file), file: file).text)
    }
}
