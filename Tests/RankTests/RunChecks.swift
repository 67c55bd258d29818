import Checkpoints
import DatasetCreation
import Engines
import Execution
import Foundation
import HDF5Storage
import KerasNetworks
import MessagePassing
import Models
import Options
import Reporting
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
        RankCheck("layers that do not train keep their weights, in a resumed run too") { check in
            let trial = try RunTrial(check)
            let network = try partlyFrozen()
            let model = trial.path("model.json")
            if check.rank == 0 { try Data(network.kerasModel.text().utf8).write(to: URL(fileURLWithPath: model)) }
            try check.world.barrier()
            let settings = ["model": model, "optimizer": "adam", "batch-norm": "global", "weight-decay": "0.01"]
            let alone = try trial.files(of: "alone") { try trial.run(in: "alone", settings: settings) }
            let resumed = try trial.files(of: "resumed") {
                try trial.run(in: "resumed", settings: settings, observers: [SignalAtStep(4)])
                try trial.run(in: "resumed", settings: settings, resume: .latest)
            }
            check.expect(resumed == alone, "the resumed run's files differ")
            if check.rank > 0 { return }
            let state = try CheckpointFile.read(trial.path("alone/latest.h5"))
            let first = Replica.initialWeights(of: network, seed: TrainingOptions().seed)
            for (index, parameter) in network.parameters.enumerated() {
                let isFrozen = parameter.specification.role == .frozen
                check.expect(state.weights[index] == first[index], equals: isFrozen, "\(parameter.path) is as it was")
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
        RankCheck("weights that are not finite are no checkpoint, though the loss may be finite") { check in
            let trial = try RunTrial(check)
            try trial.run(in: "good", settings: ["epochs": "1"])
            if check.rank == 0 {
                var state = try CheckpointFile.read(trial.path("good/latest.h5"))
                state.weights[0][0] = .nan
                try CheckpointFile.export(state, to: trial.path("bad.h5"), as: .weights)
            }
            try check.world.barrier()
            do {
                try trial.run(in: "next", settings: ["weights": trial.path("bad.h5")])
                check.expect(false, "nobody noticed")
            } catch {
                check.expect("\(error)".contains("conv2d/kernel"), "unclear: \(error)")
            }
            check.expect(!FileManager.default.fileExists(atPath: trial.path("next/latest.h5")), "it was saved")
        },
        RankCheck("slots that are not finite are no checkpoint, and the last whole one is named") { check in
            let trial = try RunTrial(check)
            do {
                // The square of such a gradient is too large for a velocity, and the weight it moves is finite.
                try trial.run(
                    in: "large", settings: ["l2": "1e30", "learning-rate": "1e-6", "checkpoint-every-steps": "1"])
                check.expect(false, "nobody noticed")
            } catch {
                let text = "\(error)"
                check.expect(
                    text.contains("(velocity) holds values that are not finite after step 1"), "unclear: \(text)")
                check.expect(text.contains("large/step-00000000.h5"), "names no checkpoint: \(text)")
            }
            if check.rank > 0 { return }
            _ = try ResumableRun.read(trial.path("large/latest.h5"))
        },
        RankCheck("a checkpoint that cannot be written ends all ranks at the next step") { check in
            let trial = try RunTrial(check)
            let witness = FolderRemover(trial.path("gone"), afterStep: 4, removes: check.rank == 0)
            do {
                try trial.run(in: "gone", settings: ["checkpoint-every-steps": "1"], observers: [witness])
                check.expect(false, "nobody noticed")
            } catch {
                check.expect("\(error)".contains("No such file or directory"), "unclear: \(error)")
            }
            check.expect(witness.lastStep, equals: 5, "the last step")
        },
        RankCheck("a folder whose best state is another run's is not gone on from, and the file is named") { check in
            let trial = try RunTrial(check)
            let one = ["epochs": "1", "schedule": "constant"]
            try trial.run(in: "mine", settings: one)
            try trial.run(in: "other", settings: one.merging(["seed": "1"]) { $1 })
            try trial.run(in: "begun", settings: one.merging(["weights": trial.path("other/latest.h5")]) { $1 })
            for (name, words) in [("other", "--seed is 1, not 0"), ("begun", "began with other weights")] {
                if check.rank == 0 { try trial.replace("mine/best.h5", by: "\(name)/best.h5") }
                try check.world.barrier()
                for resume in [.latest, .file(trial.path("mine/latest.h5"))] as [RunRequest.Resume] {
                    do {
                        try trial.run(in: "mine", settings: ["schedule": "constant"], resume: resume)
                        check.expect(false, "\(name), \(resume): nobody noticed")
                    } catch {
                        check.expect(
                            "\(error)".contains("mine/best.h5: it is of another run than"), "unclear: \(error)")
                        check.expect("\(error)".contains(words), "\(name), \(resume): unclear: \(error)")
                    }
                }
            }
            try trial.run(in: "elsewhere", settings: one, resume: .file(trial.path("mine/latest.h5")))
            if check.rank == 0 {
                try trial.replace("mine/best.h5", by: "mine/latest.h5")
                try trial.replace("mine/log.jsonl", by: "other/log.jsonl")
            }
            try check.world.barrier()
            do {
                try trial.run(in: "mine", settings: ["schedule": "constant"], resume: .latest)
                check.expect(false, "the log: nobody noticed")
            } catch {
                check.expect("\(error)".contains("mine/log.jsonl: it is the log of another run"), "unclear: \(error)")
            }
        },
        RankCheck("a run that keeps the epoch's start goes on if an earlier state of that epoch has the name latest.h5")
        {
            check in
            let trial = try RunTrial(check)
            let settings = ["epochs": "1", "checkpoint-every-steps": "1", "on-nan": "rollback"]
            let end = try trial.files(of: "whole") { try trial.run(in: "whole", settings: settings) }
            try trial.run(in: "mine", settings: settings, observers: [SignalAtStep(1)])
            if check.rank == 0 { try trial.replace("mine/latest.h5", by: "mine/step-00000001.h5") }
            try check.world.barrier()
            let rest = try trial.files(of: "mine") { try trial.run(in: "mine", settings: settings, resume: .latest) }
            check.expect(rest, equals: end, "the files")
        },
        RankCheck("ranks of which one resumes do not agree, and nothing hangs") { check in
            let trial = try RunTrial(check)
            let isOdd = check.rank == check.size - 1
            check.expectDisagreement(on: ["--resume"]) {
                try trial.run(in: "resume", resume: isOdd ? .latest : .no)
            }
        },
        RankCheck("ranks that would save at different steps do not agree, and nothing hangs") { check in
            let trial = try RunTrial(check)
            let often = ["checkpoint-every-steps": "1"]
            check.expectDisagreement(on: ["option --checkpoint-every-steps"]) {
                try trial.run(in: "often", settings: check.rank == 0 ? often : [:])
            }
        },
        RankCheck("ranks that cut gradients into other buckets do not agree, and nothing hangs") { check in
            let trial = try RunTrial(check)
            check.expectDisagreement(on: ["option --bucket-size"]) {
                try trial.run(in: "buckets", settings: check.rank == 0 ? ["bucket-size": "16"] : [:])
            }
        },
        RankCheck("ranks whose data have other means do not agree, though the samples are the same") { check in
            let trial = try RunTrial(check)
            if check.rank == 0 {
                let bytes = try Data(contentsOf: URL(fileURLWithPath: trial.path("data.h5")))
                let file = try HDF5File.openForChanges(image: [UInt8](bytes))
                try file.root.attributes.set("mean", [Float](repeating: 100, count: 3))
                try Data(file.image()).write(to: URL(fileURLWithPath: trial.path("other.h5")))
            }
            try check.world.barrier()
            check.expectDisagreement(on: ["normalization"]) {
                let data = [
                    "data": trial.path(check.rank == 0 ? "other.h5" : "data.h5"), "normalization": "standardized",
                ]
                try trial.run(in: "means", settings: data)
            }
        },
        RankCheck("ranks that start from different weights do not agree") { check in
            let trial = try RunTrial(check)
            try trial.run(in: "other", settings: ["seed": "1"])
            let other = ["weights": trial.path("other/latest.h5")]
            check.expectDisagreement(on: ["weights at the start"]) {
                try trial.run(in: "weights", settings: check.rank == 0 ? [:] : other)
            }
        },
        RankCheck("ranks with different models say so in a line, not in pages") { check in
            let trial = try RunTrial(check)
            let other = ["model": "resnet-cifar-8-v1"]
            check.expectDisagreement(on: ["model", "model configuration", "arena layout", "weights at the start"]) {
                try trial.run(in: "models", settings: check.rank == 0 ? other : [:])
            }
        },
    ]
}

/// A body of which only the normalisation trains, and one normalisation that does not; and a head.
private func partlyFrozen() throws -> Network {
    var graph = GraphBuilder("partly-frozen", input: [32, 32, 3])
    graph.trains = { if case .batchNormalization = $0 { true } else { false } }
    var x = graph.convolution(graph.input, 5, kernel: 3, stride: 2)
    x = graph.localResponseNormalization(graph.activation(graph.batchNormalization(x, scale: false), .relu))
    graph.trains = { _ in false }
    x = graph.batchNormalization(graph.convolution(x, 4, kernel: 3, stride: 2))
    graph.trains = { _ in true }
    x = graph.concatenation([graph.maxPooling(x, 3, stride: 2, padding: .ceil), graph.averagePooling(x, 2)])
    _ = graph.dense(graph.flatten(graph.dropout(x, rate: 0.3)), 10, activation: .softmax)
    return try graph.network()
}

extension CheckContext {
    /// Expects that the ranks find some of these facts to differ, and say so briefly. One rank alone differs from none.
    fileprivate func expectDisagreement(on names: [String], _ body: () throws -> Void) {
        if size == 1 { return }
        do {
            try body()
            expect(false, "the ranks agreed")
        } catch let error as DisagreementError {
            expect(!error.differences.isEmpty, "no difference")
            for difference in error.differences {
                expect(names.contains(difference.name), "\(difference.name) differs")
            }
            expect(error.description.utf8.count < 500, "too long: \(error)")
        } catch {
            note(error)
        }
    }
}

/// Tiny runs in a folder that all ranks share.
final class RunTrial {
    static let epochs = 3
    /// 3 an epoch; the last batch of an epoch leaves shards empty.
    static let steps = 9

    private let check: CheckContext
    private let folder: String
    /// Rank 0's; the folder goes with it.
    private let owned: TemporaryDirectory?

    init(_ check: CheckContext, test: Int = 20) throws {
        self.check = check
        owned = check.rank == 0 ? try TemporaryDirectory() : nil
        folder = String(decoding: try check.world.broadcast(Array((owned?.path ?? "").utf8), from: 0), as: UTF8.self)
        if check.rank == 0 { try generate("data.h5", train: 53, test: test, seed: 1) }
        try check.world.barrier()
    }

    func generate(_ name: String, train: Int, test: Int, seed: UInt64) throws {
        try GeneratedDataset.write(to: path(name), train: train, test: test, seed: seed)
    }

    func path(_ name: String) -> String { "\(folder)/\(name)" }

    /// A network with two outputs, and what they are to say.
    static let heads = [
        "model": URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .appendingPathComponent("../RunTests/heads.json").path,
        "labels": "digit=train/labels,number=train/labels", "loss-weights": "number=0.01",
    ]

    func replace(_ name: String, by other: String) throws {
        // Under a name of its own: names of one checkpoint are one file.
        try Data(contentsOf: URL(fileURLWithPath: path(other)))
            .write(to: URL(fileURLWithPath: path(name)), options: .atomic)
    }

    @discardableResult
    func run(
        in name: String, settings: [String: String] = [:], resume: RunRequest.Resume = .no,
        observers: [any RunObserver] = [], on ranks: Communicator? = nil
    ) throws -> RunOutcome {
        var options = TrainingOptions()
        var given = [
            "model": "simple-cnn-dropout", "data": path("data.h5"), "epochs": "\(Self.epochs)", "batch-size": "24",
            "learning-rate": "0.01", "schedule": "cosine", "warm-up": "4steps", "output": path(name),
            "reduce-on-plateau": "patience=1,min-delta=0.5", "l2": "0.001",
        ]
        // The number of training samples makes the steps, so none of them validates.
        let rules = ["validation", "validation-split", "fold"]
        if resume == .no, rules.allSatisfy({ settings[$0] == nil }) { given["validation"] = "test" }
        given.merge(settings) { $1 }
        for (name, text) in given { try options.set(name, to: text) }
        options.engine = EngineChoice.standard
        let request = RunRequest(options: options, given: Set(given.keys), resume: resume)
        // Forgets the signals of earlier runs.
        try StopSignal.install()
        return try silently {
            try TrainingRun(request, ranks ?? check.world, observers: observers, engines: EngineChoice.engine).execute()
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
        let untimed = log.split(separator: "\n").map {
            $0.prefix(upTo: $0.range(of: ",\"images_per")?.lowerBound ?? $0.endIndex)
        }
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
final class SignalAtStep: RunObserver {
    private let step: Int

    init(_ step: Int) { self.step = step }

    func stepEnded(_ event: StepEnded) throws {
        if event.step == step { stopThisProcess() }
    }
}

/// Returns once the signal has come: a thread of its own takes it.
func stopThisProcess() {
    kill(getpid(), SIGUSR1)
    while StopSignal.received == nil { usleep(1000) }
}

/// Removes a run's folder on one rank, and notes the last step that the run came to.
private final class FolderRemover: RunObserver {
    private(set) var lastStep = 0
    private let folder: String
    private let step: Int
    private let removes: Bool

    init(_ folder: String, afterStep step: Int, removes: Bool) {
        (self.folder, self.step, self.removes) = (folder, step, removes)
    }

    func stepEnded(_ event: StepEnded) throws { lastStep = event.step }

    func checkpointIsDue() throws {
        if removes, lastStep == step { try FileManager.default.removeItem(atPath: folder) }
    }
}

/// Notes, when an epoch is reported, how many epochs the newest checkpoint knows of.
private final class EpochWatcher: RunObserver {
    private(set) var known: [Int] = []
    private let folder: String

    init(_ folder: String) { self.folder = folder }

    func epochEnded(_ event: EpochEnded) throws {
        known.append(try CheckpointFile.read("\(folder)/\(CheckpointStore.latestName)").position.epoch)
    }
}
