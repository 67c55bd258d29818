import Checkpoints
import Foundation
import Reduction
import Reporting
import Training

/// What observers are told of a run, and in which order.
var observerChecks: [RankCheck] {
    [
        RankCheck("an observer sees a whole run in order: interrupted, and resumed to its end") { check in
            let trial = try RunTrial(check)
            let first = EventRecord()
            // A signal during step 5 is seen with the sums of step 6.
            try trial.run(
                in: "seen", settings: recordedRun, observers: [first] + (check.rank == 0 ? [SignalAtStep(5)] : []))
            check.expect(
                first.events,
                equals: [
                    "began at 0/0/0, 2 epochs of 4 steps", "step 1", "step 2", "step 3", "step 4", "validated 1/2",
                    "validated 2/2", "epoch 0", "step 5", "step 6", "ended at 1/6: signal 10",
                ], "events of the run that was stopped")
            check.expect(
                first.saved,
                equals: [
                    "\(file(0)) at 0/0, before step 1", "\(file(4)) at 1/4, best, before the end",
                    "\(file(6)) at 1/6, before the end",
                ].forRank(check.rank), "its checkpoints")
            let second = EventRecord()
            try trial.run(in: "seen", settings: recordedRun, resume: .latest, observers: [second])
            let best = second.lastIsBest ? ", best" : ""
            check.expect(
                second.events,
                equals: [
                    "began at 1/2/6, 2 epochs of 4 steps", "step 7", "step 8", "validated 1/2",
                    "validated 2/2", "epoch 1", "ended at 2/8: all epochs are done",
                ], "events of the run that went on")
            check.expect(
                second.saved, equals: ["\(file(8)) at 2/8\(best), before the end"].forRank(check.rank),
                "its checkpoint")
            check.expect(second.samples, equals: 53 - 2 * 16, "samples of the process that went on")
            guard check.rank == 0 else { return }
            for (path, bytes) in first.files {
                let size = try FileManager.default.attributesOfItem(atPath: path)[.size] as? Int
                check.expect(size, equals: bytes, "the size of \(path)")
            }
        },
        RankCheck("an observer sees the error that ends a run") { check in
            let trial = try RunTrial(check)
            let record = EventRecord()
            var thrown = ""
            do {
                try trial.run(
                    in: "failed", settings: recordedRun.merging(["learning-rate": "1e30", "optimizer": "sgd"]) { $1 },
                    observers: [record])
                check.expect(false, "nothing was thrown")
            } catch {
                thrown = "\(error)"
            }
            check.expect(record.events.first, equals: "began at 0/0/0, 2 epochs of 4 steps", "the first event")
            check.expect(record.outcome, equals: .failed(error: thrown), "the outcome")
            let steps = record.events.filter { $0.hasPrefix("step") }.count
            check.expect(record.events.last, equals: "ended at 0/\(steps): \(thrown)", "the last event")
        },
        RankCheck("an observer of rank 0 sees what validation samples are taken for") { check in
            let trial = try RunTrial(check)
            let record = ConfusionRecord(isInterested: check.rank == 0)
            try trial.run(in: "confused", settings: recordedRun.merging(["epochs": "3"]) { $1 }, observers: [record])
            check.expect(record.steps, equals: check.rank == 0 ? [4, 8] : [], "the steps of epochs 1 and 2")
            for (matrix, accuracy) in zip(record.matrices, record.accuracies) {
                check.expect(matrix.samples.reduce(0, +), equals: 20, "samples")
                let right = (0..<matrix.classes).reduce(0) { $0 + matrix[$1, $1] }
                check.expect(Double(right) / 20, equals: accuracy, "what is right")
            }
        },
        RankCheck("an observer of rank 0 sees what each of several outputs takes validation samples for") { check in
            let trial = try RunTrial(check)
            let record = ConfusionRecord(isInterested: check.rank == 0)
            let settings = recordedRun.merging(RunTrial.heads) { $1 }
            try trial.run(in: "confused", settings: settings, observers: [record])
            check.expect(record.outputs, equals: check.rank == 0 ? ["digit", "digit"] : [], "outputs of classes")
            for (matrix, scores) in zip(record.matrices, record.scores) {
                check.expect(matrix.samples.reduce(0, +), equals: 20, "samples")
                let right = (0..<matrix.classes).reduce(0) { $0 + matrix[$1, $1] }
                check.expect(Double(right) / 20, equals: scores["val_digit_accuracy"] ?? .nan, "what is right")
            }
            for scores in record.scores {
                check.expect(
                    scores.keys.sorted(),
                    equals: [
                        "digit_accuracy", "digit_loss", "number_loss", "number_mae", "number_rmse",
                        "val_digit_accuracy",
                        "val_digit_loss", "val_number_loss", "val_number_mae", "val_number_rmse",
                    ], "what is measured of the outputs")
                // The loss of a number is its mean squared error.
                for prefix in ["", "val_"] {
                    let (loss, root) = (scores[prefix + "number_loss"] ?? .nan, scores[prefix + "number_rmse"] ?? .nan)
                    check.expect(abs(root * root - loss) < 1e-5 * loss, "\(prefix)number_rmse \(root), loss \(loss)")
                }
            }
        },
        RankCheck("an observer learns what is about to run") { check in
            let trial = try RunTrial(check)
            let record = EventRecord()
            try trial.run(in: "options", settings: ["epochs": "1"], observers: [record])
            guard let begun = record.begun else { return check.expect(false, "no run has begun") }
            check.expect(begun.model, equals: "simple-cnn-dropout", "model")
            check.expect(begun.ranks, equals: check.size, "ranks")
            check.expect(begun.output, equals: trial.path("options"), "output")
            let options = Dictionary(uniqueKeysWithValues: begun.options.map { ($0.name, $0.value) })
            check.expect(options["batch-size"], equals: "24", "an option that was given")
            check.expect(options["keep"], equals: "3", "an option that was not given")
        },
    ]
}

/// Of 53 samples 4 steps an epoch; of 20 to validate on, 2.
private let recordedRun = ["epochs": "2", "batch-size": "16"]

private func file(_ step: Int) -> String { CheckpointStore.stepName(step) }

extension [String] {
    /// Checkpoints are told on rank 0 only.
    fileprivate func forRank(_ rank: Int) -> [String] { rank == 0 ? self : [] }
}

/// What validation samples were taken for, and the accuracies and scores of all epochs.
private final class ConfusionRecord: RunObserver {
    private let isInterested: Bool
    private(set) var steps: [Int] = []
    private(set) var matrices: [ConfusionMatrix] = []
    /// Of which output each matrix is; none where there is one.
    private(set) var outputs: [String] = []
    private(set) var accuracies: [Double] = []
    private(set) var scores: [[String: Double]] = []

    init(isInterested: Bool) { self.isInterested = isInterested }

    var wantsConfusion: Bool { isInterested }

    func epochEnded(_ event: EpochEnded) {
        accuracies.append(event.metrics.validation?.accuracy ?? .nan)
        scores.append(event.metrics.scores)
    }

    func confusionMeasured(_ event: ConfusionMeasured) {
        steps.append(event.step)
        matrices.append(event.matrix)
        if let output = event.output { outputs.append(output) }
    }
}

/// Everything that an observer is told, a line each.
private final class EventRecord: RunObserver {
    private(set) var events: [String] = []
    /// Checkpoints are written while the run goes on: what is sure is that the first one is there before the first step, and
    /// the others, each behind its step, before the end.
    private(set) var saved: [String] = []
    private(set) var begun: RunBegun?
    private(set) var lastIsBest = false
    private(set) var outcome: RunOutcome?
    private(set) var samples = 0
    /// Checkpoints that later ones do not replace, and their sizes.
    private(set) var files: [(path: String, bytes: Int)] = []

    func runBegan(_ event: RunBegun) {
        begun = event
        let start = event.position
        events.append(
            "began at \(start.epoch)/\(start.step)/\(start.globalStep), \(event.epochs) epochs of "
                + "\(event.stepsPerEpoch) steps")
    }

    func stepEnded(_ event: StepEnded) { events.append("step \(event.step)") }

    func validationProgressed(_ event: ValidationProgress) {
        events.append("validated \(event.step)/\(event.steps)")
    }

    func epochEnded(_ event: EpochEnded) {
        lastIsBest = event.isBest
        events.append("epoch \(event.metrics.epoch)")
    }

    func checkpointSaved(_ event: CheckpointSaved) {
        files.append((event.path, event.bytes))
        let name = event.path.split(separator: "/").last ?? ""
        let best = event.roles.contains(.best) ? ", best" : ""
        let time =
            switch events.last(where: { $0.hasPrefix("step") || $0.hasPrefix("ended") }) {
            case nil: ", before step 1"
            case .some(let last) where last.hasPrefix("ended"): ", behind the end"
            case .some(let last): event.step <= (Int(last.dropFirst(5)) ?? 0) ? ", before the end" : ", before its step"
            }
        saved.append("\(name) at \(event.epoch)/\(event.step)\(best)\(time)")
    }

    func runEnded(_ event: RunEnded) {
        (outcome, samples) = (event.outcome, event.samples)
        events.append("ended at \(event.epochs)/\(event.step): \(event.outcome.reason)")
    }
}
