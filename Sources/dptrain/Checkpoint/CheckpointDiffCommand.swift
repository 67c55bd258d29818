import ArgumentParser
import Checkpoints
import Training

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
            print(difference.lines.joined(separator: "\n"))
            throw ExitCode.failure
        }
        print("\(first) and \(second) are equal: all weights and state, bit for bit")
    }
}
