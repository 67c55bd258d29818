import Checkpoints
import Engines
import Evaluation
import Foundation
import MessagePassing
import Reporting
import Training

/// Runs that augment what they train on. What takes new processes is in Tests/RunTests.
var augmentationChecks: [RankCheck] {
    [
        RankCheck("an augmented run stopped within an epoch and resumed ends with the files of one left alone") {
            check in
            let trial = try RunTrial(check)
            let plain = try trial.files(of: "plain") { try trial.run(in: "plain") }
            let reference = try trial.files(of: "alone") { try trial.run(in: "alone", settings: flip) }
            for step in [1, 5] {
                let name = "stopped-\(step)"
                let files = try trial.files(of: name) {
                    let signal: [any RunObserver] = check.rank == 0 ? [SignalAtStep(step)] : []
                    try trial.run(in: name, settings: flip, observers: signal)
                    check.expect(try trial.run(in: name, resume: .latest), equals: .finished, "resumed from \(step)")
                }
                for (file, bytes) in reference {
                    check.expect(files[file] == bytes, "stopped at step \(step): \(file) differs")
                }
            }
            check.expect(check.rank > 0 || plain["latest.h5"] != reference["latest.h5"], "nothing was augmented")
        },
        RankCheck("what validates, is evaluated or predicted from is not augmented") { check in
            let trial = try RunTrial(check)
            // All of it would be flipped.
            try trial.run(in: "augmented", settings: ["augment": "flip(1)", "epochs": "1"])
            let (augmented, plain) = (trial.path("augmented/latest.h5"), trial.path("plain/latest.h5"))
            var validation: [Double?] = [nil]
            if check.rank == 0 {
                var state = try CheckpointFile.read(augmented)
                validation = [state.history[0]["val_loss"]]
                check.expect(state.options["augment"], equals: "flip(1.0)", "the option in the checkpoint")
                state.options["augment"] = nil
                try CheckpointStore(folder: trial.path("plain"), keep: 1, start: .new).save(state, as: .step)
            }
            try check.world.barrier()
            let evaluations = [augmented, plain].map { path in
                EvaluationRun(
                    EvaluationRequest(models: [path], data: trial.path("data.h5"), engine: EngineChoice.standard),
                    check.world, engines: EngineChoice.engine)
            }
            let losses = try evaluations.map { try $0.evaluate().loss }
            check.expect(losses[0], equals: losses[1], "losses of an augmented run's model, and without its options")
            if check.rank == 0 { check.expect(validation[0], equals: losses[1], "loss of validation") }
            let predictions = try evaluations.map { try $0.predict(to: nil, overwrite: false).values }
            check.expect(predictions[0] == predictions[1], "predictions differ")
        },
        RankCheck("a resumed run cannot augment otherwise, and ranks that would do not agree") { check in
            let trial = try RunTrial(check)
            try trial.run(in: "run", settings: ["augment": "flip(0.5)", "epochs": "1"])
            for (other, words) in [("flip(0.25)", "now flip(0.25)"), ("none", "now not given")] {
                let text = refusal { try trial.run(in: "run", settings: ["augment": other], resume: .latest) }
                check.expect(text.contains("--augment was flip(0.5), \(words)"), "unclear: \(text)")
            }
            check.expect(
                try trial.run(in: "run", settings: flip.merging(["epochs": "1"]) { $1 }, resume: .latest),
                equals: .finished, "resumed with the same in other words")
            if check.size == 1 { return }
            let text = refusal { try trial.run(in: "odd", settings: check.rank == 0 ? flip : [:]) }
            check.expect(text.contains("--augment"), "unclear: \(text)")
        },
    ]
}

private let flip = ["augment": "flip"]

private func refusal(_ body: () throws -> Void) -> String {
    do { try body() } catch { return "\(error)" }
    return "nothing was thrown"
}
