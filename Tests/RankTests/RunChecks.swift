import DataPipeline
import Foundation
import MessagePassing
import TestSupport
import Training

/// Whole training runs, in process. What takes new processes (other rank counts, kills) is in Tests/RunTests.
var runChecks: [RankCheck] {
    [
        RankCheck("a run stopped at any step and resumed ends with the files of one left alone") { check in
            let trial = try RunTrial(check)
            let reference = try trial.files(of: "alone") { try trial.run(in: "alone") }
            for step in 1..<RunTrial.steps {
                let name = "stopped-\(step)"
                let files = try trial.files(of: name) {
                    // One rank is told; all of them stop.
                    let signal: [any RunObserver] = check.rank == check.size - 1 ? [SignalAtStep(step)] : []
                    let outcome = try trial.run(in: name, observers: signal)
                    check.expect(outcome, equals: .interrupted(signal: SIGUSR1), "outcome at step \(step)")
                    check.expect(try trial.run(in: name, resume: .latest), equals: .finished, "resumed from \(step)")
                }
                for (file, bytes) in reference {
                    check.expect(files[file] == bytes, "stopped at step \(step): \(file) differs")
                }
            }
        },
        RankCheck("the log knows of an epoch before any checkpoint does, so that none is lost between") { check in
            let trial = try RunTrial(check)
            let folder = trial.path("order")
            let watcher = EpochWatcher(folder)
            try trial.run(in: "order", observers: check.rank == 0 ? [watcher] : [])
            if check.rank > 0 { return }
            check.expect(watcher.known, equals: Array(0..<RunTrial.epochs), "epochs that checkpoints knew of")
        },
        RankCheck("ranks of which one resumes do not agree, and nothing hangs") { check in
            if check.size == 1 { return }
            let trial = try RunTrial(check)
            let odd = check.size - 1
            do {
                try trial.run(in: "resume", resume: check.rank == odd ? .latest : .no)
                check.expect(false, "the ranks agreed")
            } catch let error as DisagreementError {
                check.expect(error.differences.map(\.name), equals: ["--resume"], "names")
            }
        },
    ]
}

/// Tiny runs in a folder that all ranks share.
private final class RunTrial {
    static let epochs = 3
    /// 3 an epoch; the last batch of an epoch leaves shards empty.
    static let steps = 9

    private let check: CheckContext
    private let folder: String
    /// Rank 0's; the folder goes with it.
    private let owned: TemporaryDirectory?

    init(_ check: CheckContext) throws {
        self.check = check
        owned = check.rank == 0 ? try TemporaryDirectory() : nil
        folder = String(decoding: try check.world.broadcast(Array((owned?.path ?? "").utf8), from: 0), as: UTF8.self)
        if check.rank == 0 { try GeneratedDataset.write(to: path("data.h5"), train: 53, test: 20, seed: 1) }
        try check.world.barrier()
    }

    func path(_ name: String) -> String { "\(folder)/\(name)" }

    @discardableResult
    func run(
        in name: String, resume: RunRequest.Resume = .no, observers: [any RunObserver] = []
    ) throws -> RunOutcome {
        var options = TrainingOptions()
        let given = [
            "model": "simple-cnn-dropout", "data": path("data.h5"), "epochs": "\(Self.epochs)", "batch-size": "24",
            "learning-rate": "0.01", "schedule": "cosine", "warm-up": "4steps", "output": path(name),
            "reduce-on-plateau": "patience=1,min-delta=0.5", "l2": "0.001",
        ]
        for (name, text) in given { try options.set(name, to: text) }
        options.engine = RankEngine.standard
        let request = RunRequest(options: options, given: Set(given.keys), resume: resume)
        // Forgets the signals of earlier runs.
        StopSignal.install()
        return try silently {
            try TrainingRun(request, check.world, observers: observers, engines: RankEngine.make).execute()
        }
    }

    /// What a run left behind, on rank 0: its last and best checkpoint, and the log without timings.
    func files(of name: String, after body: () throws -> Void) throws -> [String: Data] {
        try body()
        guard check.rank == 0 else { return [:] }
        var files: [String: Data] = [:]
        for file in [CheckpointStore.latestName, CheckpointStore.bestName] {
            files[file] = try Data(contentsOf: URL(fileURLWithPath: "\(path(name))/\(file)"))
        }
        let log = try String(contentsOfFile: "\(path(name))/\(CheckpointStore.logName)", encoding: .utf8)
        let untimed = log.split(separator: "\n").map { $0.prefix(upTo: $0.range(of: ",\"images_per")?.lowerBound ?? $0.endIndex) }
        files[CheckpointStore.logName] = Data(untimed.joined(separator: "\n").utf8)
        return files
    }
}

/// Without what a run tells its user on standard output.
func silently<T>(_ body: () throws -> T) rethrows -> T {
    fflush(nil)
    let (kept, silence) = (dup(STDOUT_FILENO), open("/dev/null", O_WRONLY))
    dup2(silence, STDOUT_FILENO)
    defer {
        fflush(nil)
        dup2(kept, STDOUT_FILENO)
        close(kept)
        close(silence)
    }
    return try body()
}

/// Asks its own process to stop, as `kill -USR1` would, once a step is done.
private final class SignalAtStep: RunObserver {
    private let step: Int

    init(_ step: Int) { self.step = step }

    func stepEnded(_ report: StepReport) throws {
        if report.step == step { kill(getpid(), SIGUSR1) }
    }

    func epochEnded(_ report: EpochReport) throws {}
}

/// Notes, when an epoch is reported, how many epochs the newest checkpoint knows of.
private final class EpochWatcher: RunObserver {
    private(set) var known: [Int] = []
    private let folder: String

    init(_ folder: String) { self.folder = folder }

    func stepEnded(_ report: StepReport) throws {}

    func epochEnded(_ report: EpochReport) throws {
        known.append(try CheckpointFile.read("\(folder)/\(CheckpointStore.latestName)").position.epoch)
    }
}
