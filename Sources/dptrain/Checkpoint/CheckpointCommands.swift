import ArgumentParser
import Basics
import Checkpoints
import Glibc
import Training

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
        try StandardOutput.print(CheckpointInspection(try CheckpointFile.read(file), file: file).text)
    }
}

struct CheckpointVerifyCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "verify",
        abstract: "Check that checkpoints are whole: their digests and their content.",
        discussion: """
            Exit code 0 if all are; else 1, and what is wrong with each.

            Example:
              dptrain checkpoint verify runs/lenet/*.h5
            """)

    @Argument(help: "checkpoints")
    var files: [String]

    func run() throws {
        var allWhole = true
        for file in files {
            do {
                try StandardOutput.print(CheckpointFile.verify(file))
            } catch {
                StandardError.print("\(error)")
                allWhole = false
            }
        }
        if !allWhole { throw ExitCode.failure }
    }
}

struct CheckpointDiffCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "diff",
        abstract: "Tell whether two checkpoints hold the same weights and state, bit for bit.",
        discussion: """
            Exit code 0 if they do; else 1, and a line for each difference.

            Example:
              dptrain checkpoint diff runs/one-rank/latest.h5 runs/four-ranks/latest.h5
            """)

    @Argument(help: "checkpoint")
    var first: String

    @Argument(help: "the one to compare it with")
    var second: String

    func run() throws {
        let difference = CheckpointDifference(try CheckpointFile.read(first), try CheckpointFile.read(second))
        guard difference.isEmpty else {
            try StandardOutput.print(difference.lines.joined(separator: "\n"))
            throw ExitCode.failure
        }
        try StandardOutput.print("\(first) and \(second) are equal: all weights and state, bit for bit")
    }
}

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
            throw FileError(
                .write, file: output, "exists already", remedy: "choose another name or give --overwrite")
        }
        try CheckpointFile.export(state, to: output, as: form)
        try StandardOutput.print(
            "\(output): \(form.rawValue) of \(state.network.name) at step \(state.position.globalStep.grouped)")
    }
}

extension CheckpointFile.ExportForm: ExpressibleByArgument {}
