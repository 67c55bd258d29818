import ArgumentParser

struct CheckpointCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "checkpoint",
        abstract: "Look into, compare, check and export checkpoints.",
        discussion: """
            Example:
              dptrain checkpoint inspect runs/lenet/latest.h5
            """,
        subcommands: [
            CheckpointInspectCommand.self, CheckpointDiffCommand.self, CheckpointVerifyCommand.self,
            CheckpointExportCommand.self,
        ])
}
