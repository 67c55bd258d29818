import ArgumentParser
import Checkpoints
import Training

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
                print(try CheckpointFile.verify(file))
            } catch {
                StandardError.print("\(error)")
                allWhole = false
            }
        }
        if !allWhole { throw ExitCode.failure }
    }
}
