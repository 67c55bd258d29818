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
    /// What did not come to its end.
    struct Loss {
        var failed: [SweepPlan.Run] = []
        /// By someone else than this process; they can go on.
        var stopped: [SweepPlan.Run] = []
    }

    let plan: SweepPlan
    let atOnce: Int
    /// That of the sweep's folder. Runs inherit it: as long as one is at work, no other sweep begins.
    let lock: OutputLock

    /// Microseconds between two looks at what others do.
    static let pause: UInt32 = 200_000

    func folder(of run: SweepPlan.Run) -> String { "\(plan.output)/\(run.name)" }

    /// Trains runs to their end, or to the end of an epoch. It ends ahead of that when this process is asked to stop. A run that
    /// someone trains by hand is waited for. One that was killed begins once more.
    func train(_ runs: [SweepPlan.Run], untilEpoch epoch: Int? = nil) throws -> Loss {
        var waiting = runs
        var running: [(run: SweepPlan.Run, process: ChildProcess)] = []
        var loss = Loss()
        var (told, killed): (Set<String>, Set<String>) = ([], [])
        while !running.isEmpty || (!waiting.isEmpty && StopSignal.received == nil) {
            while running.count < atOnce, StopSignal.received == nil, let index = waiting.firstIndex(where: isFree) {
                let run = waiting.remove(at: index)
                if let process = try begin(run, untilEpoch: epoch) { running.append((run, process)) }
            }
            if running.count < atOnce {
                for run in waiting where told.insert(run.name).inserted {
                    try tell(run, "is trained by \(OutputLock.holderName(of: folder(of: run))); waiting for its end")
                }
            }
            // Their checkpoints are saved, and they end by themselves.
            if let signal = StopSignal.received { running.forEach { $0.process.send(signal) } }
            usleep(Self.pause)
            for (run, process) in running {
                guard let end = process.poll() else { continue }
                running.removeAll { $0.run == run }
                switch try result(of: run, end, epoch) {
                case .done: try tell(run, epoch.map { "done to epoch \($0)" } ?? "done")
                case _ where StopSignal.received != nil: break
                case .taken: waiting.append(run)
                case .killed where killed.insert(run.name).inserted:
                    try tell(run, "was killed, and begins once more")
                    waiting.insert(run, at: 0)
                case .stopped:
                    loss.stopped.append(run)
                    try tell(run, "stopped; see \(folder(of: run)).log")
                case .killed, .failed:
                    loss.failed.append(run)
                    try tell(run, "failed; see \(folder(of: run)).log")
                }
            }
        }
        return loss
    }

    private func isFree(_ run: SweepPlan.Run) -> Bool { !OutputLock.isTaken(folder(of: run)) }

    private enum Result {
        case done, failed, stopped, killed
        /// Someone else has begun it just before.
        case taken
    }

    private func result(of run: SweepPlan.Run, _ end: ChildProcess.End, _ epoch: Int?) throws -> Result {
        switch end {
        case .exit(0): .done
        case .exit(ExitCode.interrupted.rawValue):
            try epoch.map { try RunFolder(folder(of: run)).epochsDone >= $0 } ?? false ? .done : .stopped
        case .exit: isFree(run) ? .failed : .taken
        case .signal: .killed
        }
    }

    /// Nil for a run that is done.
    private func begin(_ run: SweepPlan.Run, untilEpoch epoch: Int?) throws -> ChildProcess? {
        let folder = folder(of: run)
        var arguments = ["train", "--output", folder, "--progress", "plain"]
        if let epoch { arguments += ["--stop-after-epoch", "\(epoch)"] }
        if access("\(folder)/\(CheckpointStore.latestName)", R_OK) == 0 {
            // A run that was killed may have logged more than it has saved.
            if !OutputLock.isAbandoned(folder), try isDone(RunFolder(folder), untilEpoch: epoch) { return nil }
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
        return try Self.start(arguments, log: log, lock)
    }

    private func isDone(_ run: RunFolder, untilEpoch epoch: Int?) -> Bool {
        switch run.state {
        case .finished, .ended: true
        case .running, .stopped, .dropped: epoch.map { run.epochsDone >= $0 } ?? false
        }
    }

    /// This program with another command.
    static func start(_ arguments: [String], log: Int32, _ lock: OutputLock? = nil) throws -> ChildProcess {
        try ChildProcess(
            "/proc/self/exe", arguments, environment: ProcessInfo.processInfo.environment, output: log, error: log,
            inherited: lock?.inheritable)
    }

    private func tell(_ run: SweepPlan.Run, _ what: String) throws {
        let varied = run.varied.map { "\($0.name) \($0.value)" }.joined(separator: ", ")
        try StandardOutput.print("\(run.name) of \(plan.runs.count), \(varied): \(what)")
        fflush(nil)
    }
}
