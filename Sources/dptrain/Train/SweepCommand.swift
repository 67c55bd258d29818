import ArgumentParser
import Basics
import Checkpoints
import Glibc
import MessagePassing
import Options
import Reports

struct SweepCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "sweep",
        abstract: "Train one setting after the other, as a file names them, and compare them.",
        discussion: """
            The file has lists, of which all combinations are trained, or ranges, of which `runs` are chosen at random:

              output = "runs/sweep"
              runs = 20
              [options]
              model = "lenet5-keras"
              data = "fashion.h5"
              [vary]
              optimizer = ["sgd", "adam"]
              learning-rate = { from = 1e-4, to = 1e-1, scale = "log" }

            With halving = { factor = 3, first = 1 } above [options] all runs train for one epoch, the best third of them for \
            three, the best ninth for nine, and so on; only the last ones train to their end. The best are those that --save-best \
            would call so. A run that is dropped can go on by hand, with --resume.

            [options] may name a recipe: recipe = "lenet-mnist". So may [vary].

            Each run has a folder run-01, run-02, ... in the output, and a log beside it. The same command goes on with a \
            sweep that was stopped. At the end it shows a table, and writes report.html.

            Examples:
              dptrain sweep sweep.toml
              dptrain sweep sweep.toml --at-once 4
            """)

    @Argument(help: "TOML file", completion: .file())
    var file: String

    @Option(help: "runs at a time; each takes a core")
    var atOnce = 1

    @Option(help: ArgumentHelp("train the run of this number only, as a task of a job array does", valueName: "number"))
    var only: Int?

    mutating func validate() throws {
        guard (1...1024).contains(atOnce) else { throw ValidationError("--at-once \(atOnce) is not 1 to 1024") }
        guard !LaunchEnvironment.current.isUnderLauncher else {
            throw ValidationError("sweep starts its runs itself; start it without mpirun")
        }
    }

    func run() throws {
        let text = String(decoding: try POSIXFileSystem().content(of: file), as: UTF8.self)
        let plan = try SweepPlan(toml: text, file: file)
        if let only, !plan.runs.indices.contains(only - 1) {
            throw ValidationError("--only \(only) is not 1 to \(plan.runs.count)")
        }
        if only != nil, plan.halving != nil {
            throw ValidationError("halving compares the runs with each other: leave out --only, or halving in \(file)")
        }
        try StopSignal.install()
        guard let lock = try lock(plan.output) else { throw ExitCode.interrupted }
        try withExtendedLifetime(lock) { try train(plan, lock) }
    }

    /// The folder for this sweep alone; nil if this process is asked to stop meanwhile.
    private func lock(_ folder: String) throws -> OutputLock? {
        if OutputLock.isInherited(folder) {
            try StandardOutput.print("\(folder): runs of a sweep that was killed are at work; waiting for their end")
        }
        while OutputLock.isInherited(folder) {
            guard StopSignal.received == nil else { return nil }
            usleep(SweepRuns.pause)
        }
        return try OutputLock(folder: folder, of: only == nil ? .sweep : .task)
    }

    private func train(_ plan: SweepPlan, _ lock: OutputLock) throws {
        let runs = SweepRuns(plan: plan, atOnce: atOnce, lock: lock)
        let loss =
            try plan.halving.map { try SweepHalving(runs: runs, halving: $0).train() }
            ?? runs.train(only.map { [plan.runs[$0 - 1]] } ?? plan.runs)
        if StopSignal.received != nil || !loss.stopped.isEmpty {
            try StandardOutput.print("stopped; the same command goes on")
            throw ExitCode.interrupted
        }
        let failed = loss.failed.count
        if failed > 0, only != nil { throw ExitCode.failure }
        guard only == nil else { return }
        let folders = plan.runs.map { "\(plan.output)/\($0.name)" }.filter { access("\($0)/log.jsonl", R_OK) == 0 }
        try StandardOutput.print(RunTable(try folders.map { try RunFolder($0) }).text)
        if !folders.isEmpty {
            let report = ["report"] + folders + ["-o", "\(plan.output)/report.html", "--overwrite"]
            try SweepRuns.start(report, log: STDOUT_FILENO).waitUntilEnd()
        }
        if failed > 0 { throw ExitCode.failure }
    }
}
