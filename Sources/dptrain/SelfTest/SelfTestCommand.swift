import ArgumentParser
import Basics
import FoundationEssentials
import Glibc
import MessagePassing
import Training
import SelfTest

/// Checks this machine end to end. This process only starts others, without MPI, and shows what they found.
struct SelfTestCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "selftest",
        abstract: "Check that dptrain works on this machine.",
        usage: "dptrain selftest [--ranks <ranks>] [--time-limit <seconds>]",
        discussion: """
            Checks MPI, core binding, the reduction, training on one and several ranks, HDF5 files, gradients, engines \
            and speed, a line each, and that errors put in on purpose are noticed. It starts its ranks itself, all on \
            this machine.

            Examples:
              dptrain selftest
              dptrain selftest --ranks 8

            Exit codes: 0 all checks passed, 1 a check failed, 64 wrong usage.
            """,
        subcommands: [RankChecksCommand.self, ProcessChecksCommand.self])

    /// Those that this process may run on: a container or a launcher may have given it fewer than there are.
    private static var cores: Int { Processors.allowed }

    @Option(help: "ranks to start; by default one a core, at least 2 and at most 4")
    var ranks: Int = max(2, min(cores, 4))

    @Option(help: ArgumentHelp("how long a part may take before it is ended", valueName: "seconds"))
    var timeLimit = 60

    mutating func validate() throws {
        if ranks < 2 { throw ValidationError("--ranks \(ranks): comparing ranks needs at least 2") }
        if timeLimit < 1 { throw ValidationError("--time-limit \(timeLimit) is not positive") }
    }

    func run() throws {
        if LaunchEnvironment.current.isUnderLauncher {
            throw ValidationError("selftest starts its ranks itself; run it without mpirun: dptrain selftest --ranks N")
        }
        // Before anything is started that would be refused.
        _ = try Kernels.chosen
        try StopSignal.install()
        let folder = try TemporaryFolder()
        defer { folder.remove() }
        let starter = try ProgramStarter(ranks: ranks, folder: folder.path, limit: .seconds(timeLimit))
        try StandardOutput.print(
            "dptrain \(Release.version) checks this machine: \(ranks) ranks, \(Figures.count(Self.cores, "core"))\n")
        do {
            let table = try check(starter)
            try StandardOutput.print("\n\(table.passed) passed, \(table.failed) failed")
            if table.failed > 0 { throw ExitCode.failure }
        } catch let interrupted as Interrupted {
            StandardError.print("self-test ended by signal \(interrupted.signal)")
            throw ExitCode(128 + interrupted.signal)
        }
    }

    private func check(_ starter: ProgramStarter) throws -> CheckTable {
        let rankChecks = RankChecksCommand.checks.map(\.name)
        let processChecks = ProcessChecksCommand.checks.map(\.name)
        let trainingChecks = TrainingChecks.all
        var table = CheckTable(names: rankChecks + trainingChecks.map(\.name) + processChecks)
        try run(rankChecks, &table) {
            try starter.run(ranks: ranks, ["selftest", RankChecksCommand.name], log: "ranks", onLine: $0)
        }
        let trainings = TrainingChecks(starter)
        for check in trainingChecks { table.add(try check.run(on: trainings)) }
        try run(processChecks, &table) {
            try starter.run(
                ranks: nil, ["selftest", ProcessChecksCommand.name, starter.folder], log: "process", onLine: $0)
        }
        return table
    }

    /// Has another program run the checks of these names. The one in the middle of which it ended has failed for that
    /// reason; those behind it too, for not having been run.
    private func run(
        _ names: [String], _ table: inout CheckTable, _ program: ((Substring) -> Void) throws -> Void
    ) throws {
        var waiting = names[...]
        var reason = "no result"
        do {
            try program { line in
                guard let result = CheckResult(line: line), result.name == waiting.first else { return }
                waiting.removeFirst()
                table.add(result)
            }
        } catch let failure as CheckFailure {
            reason = failure.description
        }
        for name in waiting {
            table.add(CheckResult(name: name, passed: false, detail: reason))
            reason = "not run"
        }
    }
}
