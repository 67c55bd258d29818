import ArgumentParser
import Basics
import Checkpoints
import FoundationEssentials
import Glibc
import MessagePassing
import Options
import Reports

/// The runs of a sweep as processes, some at a time.
struct SweepRuns {
    let plan: SweepPlan
    let atOnce: Int

    func folder(of run: SweepPlan.Run) -> String { "\(plan.output)/\(run.name)" }

    /// Trains runs to their end, or to the end of an epoch. Gives those that failed. It ends ahead of that when this process is
    /// asked to stop.
    func train(_ runs: [SweepPlan.Run], untilEpoch epoch: Int? = nil) throws -> [SweepPlan.Run] {
        for run in runs where OutputLock.isTaken(folder(of: run)) {
            throw OptionError("sweep", "another process trains \(folder(of: run)): wait for its end, or stop it")
        }
        var waiting = runs[...]
        var running: [(run: SweepPlan.Run, process: ChildProcess)] = []
        var failed: [SweepPlan.Run] = []
        while !running.isEmpty || (!waiting.isEmpty && StopSignal.received == nil) {
            while running.count < atOnce, StopSignal.received == nil, let run = waiting.popFirst() {
                if let process = try begin(run, untilEpoch: epoch) { running.append((run, process)) }
            }
            // Their checkpoints are saved, and they end by themselves.
            if let signal = StopSignal.received { running.forEach { $0.process.send(signal) } }
            usleep(200_000)
            for (run, process) in running {
                guard let end = process.poll() else { continue }
                running.removeAll { $0.run == run }
                if try isDone(run, end, epoch) {
                    try tell(run, epoch.map { "done to epoch \($0)" } ?? "done")
                } else if StopSignal.received == nil {
                    failed.append(run)
                    try tell(run, "failed; see \(folder(of: run)).log")
                }
            }
        }
        return failed
    }

    private func isDone(_ run: SweepPlan.Run, _ end: ChildProcess.End, _ epoch: Int?) throws -> Bool {
        switch end {
        case .exit(0): true
        case .exit(ExitCode.interrupted.rawValue):
            try epoch.map { try RunFolder(folder(of: run)).epochsDone >= $0 } ?? false
        case .exit, .signal: false
        }
    }

    /// Nil for a run that is done.
    private func begin(_ run: SweepPlan.Run, untilEpoch epoch: Int?) throws -> ChildProcess? {
        let folder = folder(of: run)
        var arguments = ["train", "--output", folder, "--progress", "plain"]
        if let epoch { arguments += ["--stop-after-epoch", "\(epoch)"] }
        if access("\(folder)/\(CheckpointStore.latestName)", R_OK) == 0 {
            let known = try RunFolder(folder)
            switch known.state {
            case .finished, .ended: return nil
            case .running, .stopped, .dropped: break
            }
            if let epoch, known.epochsDone >= epoch { return nil }
            arguments.append("--resume")
        } else {
            arguments.append("--overwrite")
            for (name, value) in plan.options(of: run) {
                let isSwitch = TrainingOptions.table.contains { $0.name == name && $0.isSwitch }
                arguments.append(isSwitch ? (value == "true" ? "--\(name)" : "--no-\(name)") : "--\(name)=\(value)")
            }
        }
        try tell(run, "begins")
        let path = "\(folder).log"
        let log = try POSIXFileSystem().openToAppend(path)
        defer { try? POSIXFileSystem().close(log, path) }
        return try Self.start(arguments, log: log)
    }

    /// This program with another command.
    static func start(_ arguments: [String], log: Int32) throws -> ChildProcess {
        try ChildProcess(
            "/proc/self/exe", arguments, environment: ProcessInfo.processInfo.environment, output: log, error: log)
    }

    private func tell(_ run: SweepPlan.Run, _ what: String) throws {
        let varied = run.varied.map { "\($0.name) \($0.value)" }.joined(separator: ", ")
        try StandardOutput.print("\(run.name) of \(plan.runs.count), \(varied): \(what)")
        fflush(nil)
    }
}
