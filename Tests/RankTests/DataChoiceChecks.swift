import Checkpoints
import Evaluation
import Foundation
import HDF5Storage
import MessagePassing
import Reporting
import Training

/// Which samples a run trains on, validates on and how much they count: the same over ranks, over a stop and in
/// evaluation. Runs on other numbers of ranks are compared in Tests/RunTests.
var dataChoiceChecks: [RankCheck] {
    let choices: [(name: String, settings: [String: String])] = [
        ("stratified", ["validation": "stratified:0.25"]),
        ("redrawn", ["validation": "redrawn:0.25"]),
        ("a fold", ["fold": "2/4"]),
    ]
    return choices.map { name, settings in
        RankCheck("a run with held-out rows resumes, and evaluation finds them: \(name)") { check in
            let trial = try RunTrial(check, test: 0)
            let reference = try trial.files(of: "alone") { try trial.run(in: "alone", settings: settings) }
            let files = try trial.files(of: "stopped") {
                let signal: [any RunObserver] = check.rank == 0 ? [SignalAtStep(3)] : []
                try trial.run(in: "stopped", settings: settings, observers: signal)
                check.expect(try trial.run(in: "stopped", resume: .latest), equals: .finished, "resumed")
            }
            for (file, bytes) in reference { check.expect(files[file] == bytes, "\(file) differs") }
            try heldOut(trial, settings, check)
        }
    }
}

/// The loss of validation is that of `evaluate --split validation`, and predictions name the rows.
private func heldOut(_ trial: RunTrial, _ settings: [String: String], _ check: CheckContext) throws {
    var request = EvaluationRequest(
        models: [trial.path("alone/latest.h5")], data: trial.path("data.h5"), engine: RankEngine.standard)
    request.split = .validation
    let result = try EvaluationRun(request, check.world, engines: RankEngine.make).evaluate()
    let predictions = trial.path("predictions.h5")
    _ = try EvaluationRun(request, check.world, engines: RankEngine.make).predict(to: predictions, overwrite: false)
    if check.rank == 0 {
        let state = try CheckpointFile.read(trial.path("alone/latest.h5"))
        check.expect(state.history.last?["val_loss"], equals: result.loss, "loss of validation")
        for (name, value) in settings { check.expect(state.options[name], equals: value, "option \(name)") }
        let root = try HDF5File.open(predictions).root
        let rows = try root.dataset("rows").read(as: Int64.self)
        let all = try HDF5File.open(trial.path("data.h5")).root.dataset("train/labels").read(as: Int32.self)
        check.expect(rows.count, equals: result.samples, "rows")
        check.expect(
            try root.dataset("labels").read(as: Int32.self), equals: rows.map { all[Int($0)] }, "labels of the rows")
    }
    check.expect((12...14).contains(result.samples), "\(result.samples) samples")
    check.expect(result.split, equals: .validation, "split")
    // Of other data the rows mean nothing.
    request.data = trial.path("other.h5")
    if check.rank == 0 { try trial.generate("other.h5", train: 53, test: 0, seed: 2) }
    try check.world.barrier()
    do {
        _ = try EvaluationRun(request, check.world, engines: RankEngine.make).evaluate()
        check.expect(false, "other data were taken")
    } catch { check.expect("\(error)".contains("are those of other data"), "unclear: \(error)") }
}
