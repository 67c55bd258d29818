import ArgumentParser
import Basics
import Checkpoints
import FoundationEssentials
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
        try POSIXFileSystem().createFolder(plan.output)
        try StopSignal.install()
        if let only, !plan.runs.indices.contains(only - 1) {
            throw ValidationError("--only \(only) is not 1 to \(plan.runs.count)")
        }
        let failed = try train(only.map { [plan.runs[$0 - 1]] } ?? plan.runs, of: plan)
        if StopSignal.received != nil {
            try StandardOutput.print("stopped; the same command goes on")
            throw ExitCode.interrupted
        }
        if failed > 0, only != nil { throw ExitCode.failure }
        guard only == nil else { return }
        let folders = plan.runs.map { "\(plan.output)/\($0.name)" }.filter { access("\($0)/log.jsonl", R_OK) == 0 }
        try StandardOutput.print(RunTable(try folders.map { try RunFolder($0) }).text)
        if !folders.isEmpty {
            let report = ["report"] + folders + ["-o", "\(plan.output)/report.html", "--overwrite"]
            try start(report, log: STDOUT_FILENO).waitUntilEnd()
        }
        if failed > 0 { throw ExitCode.failure }
    }

    /// How many runs failed.
    private func train(_ runs: [SweepPlan.Run], of plan: SweepPlan) throws -> Int {
        var waiting = runs[...]
        var running: [(run: SweepPlan.Run, process: ChildProcess)] = []
        var failed = 0
        while !running.isEmpty || (!waiting.isEmpty && StopSignal.received == nil) {
            while running.count < atOnce, StopSignal.received == nil, let run = waiting.popFirst() {
                if let process = try begin(run, of: plan) { running.append((run, process)) }
            }
            // Their checkpoints are saved, and they end by themselves.
            if let signal = StopSignal.received { running.forEach { $0.process.send(signal) } }
            usleep(200_000)
            for (run, process) in running {
                guard let end = process.poll() else { continue }
                running.removeAll { $0.run == run }
                if case .exit(0) = end {
                    try tell(run, of: plan, "done")
                } else if StopSignal.received == nil {
                    failed += 1
                    try tell(run, of: plan, "failed; see \(plan.output)/\(run.name).log")
                }
            }
        }
        return failed
    }

    /// Nil for a run that is done.
    private func begin(_ run: SweepPlan.Run, of plan: SweepPlan) throws -> ChildProcess? {
        let folder = "\(plan.output)/\(run.name)"
        var arguments = ["train", "--output", folder, "--progress", "plain"]
        if access("\(folder)/\(CheckpointStore.latestName)", R_OK) == 0 {
            switch try RunFolder(folder).state {
            case .finished, .ended: return nil
            case .running, .stopped: arguments.append("--resume")
            }
        } else {
            arguments.append("--overwrite")
            for (name, value) in plan.options(of: run) {
                let isSwitch = TrainingOptions.table.contains { $0.name == name && $0.isSwitch }
                arguments.append(isSwitch ? (value == "true" ? "--\(name)" : "--no-\(name)") : "--\(name)=\(value)")
            }
        }
        try tell(run, of: plan, "begins")
        let path = "\(folder).log"
        let log = try POSIXFileSystem().openToAppend(path)
        defer { try? POSIXFileSystem().close(log, path) }
        return try start(arguments, log: log)
    }

    private func start(_ arguments: [String], log: Int32) throws -> ChildProcess {
        try ChildProcess(
            "/proc/self/exe", arguments, environment: ProcessInfo.processInfo.environment, output: log, error: log)
    }

    private func tell(_ run: SweepPlan.Run, of plan: SweepPlan, _ what: String) throws {
        let varied = run.varied.map { "\($0.name) \($0.value)" }.joined(separator: ", ")
        try StandardOutput.print("\(run.name) of \(plan.runs.count), \(varied): \(what)")
        fflush(nil)
    }
}
