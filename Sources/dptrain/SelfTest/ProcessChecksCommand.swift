import ArgumentParser
import SelfTest

/// The part of the self-test that one process carries out without MPI; it prints a result a line.
struct ProcessChecksCommand: ComputingCommand {
    static let name = "process"
    static let configuration = CommandConfiguration(
        commandName: name, abstract: "The part of the self-test that runs without MPI.", shouldDisplay: false)

    static let checks: [Check<String>] = FileChecks.all + GradientChecks.all + SumChecks.all + EngineChecks.all

    @Argument(help: "folder for temporary files")
    var folder: String

    var threads: Int { 1 }

    func run() throws {
        for check in Self.checks { try check.run(on: folder).printLine() }
    }
}
