import Checkpoints
import Engines
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
        (
            "class weights and standardised samples",
            ["fold": "2/4", "class-weights": "balanced", "normalization": "standardized"]
        ),
        ("balanced sampling", ["validation": "redrawn:0.25", "sampling": "balanced"]),
        ("sample weights", ["validation-split": "0.25", "sample-weights": "/train/weights"]),
        (
            "several classes a sample",
            ["validation": "last:0.25", "loss": "binary_crossentropy", "labels": "/train/flags"]
        ),
    ]
    return stageChecks
        + choices.map { name, settings in
            RankCheck("a run with held-out rows resumes, and evaluation finds them: \(name)") { check in
                let trial = try RunTrial(check, test: 0)
                if check.rank == 0 { try addTargets(to: trial.path("data.h5")) }
                try check.world.barrier()
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

private var stageChecks: [RankCheck] {
    [
        RankCheck("a staged run computes the same, and takes its copy away again") { check in
            let trial = try RunTrial(check)
            let reference = try trial.files(of: "alone") { try trial.run(in: "alone") }
            let (folder, copy) = (trial.path("stage"), trial.path("stage/data.h5"))
            let files = try trial.files(of: "staged") { try trial.run(in: "staged", settings: ["stage": folder]) }
            for (file, bytes) in reference { check.expect(files[file] == bytes, "\(file) differs") }
            try check.world.barrier()
            if check.rank == 0 {
                check.expect(!FileManager.default.fileExists(atPath: copy), "the copy is still there")
                try FileManager.default.copyItem(atPath: trial.path("data.h5"), toPath: copy)
            }
            try check.world.barrier()
            try trial.run(in: "again", settings: ["stage": folder, "epochs": "1"])
            try check.world.barrier()
            if check.rank == 0 {
                check.expect(FileManager.default.fileExists(atPath: copy), "a file that was there is gone")
                try FileManager.default.removeItem(atPath: copy)
                try trial.generate("stage/data.h5", train: 53, test: 20, seed: 2)
            }
            try check.world.barrier()
            do {
                try trial.run(in: "other", settings: ["stage": folder])
                check.expect(false, "other data were taken")
            } catch {
                check.expect("\(error)".contains("there are other data of this name already"), "unclear: \(error)")
            }
        }
    ]
}

/// Weights, and flags of several classes, for the training samples.
private func addTargets(to path: String) throws {
    let url = URL(fileURLWithPath: path)
    let file = try HDF5File.openForChanges(image: [UInt8](Data(contentsOf: url)))
    let labels = try file.root.dataset("train/labels").read(as: Int32.self)
    try file.root.write("train/weights", shape: [labels.count], labels.indices.map { Float($0 % 4) / 2 })
    let flags = labels.indices.flatMap { sample in (0..<10).map { Int32(($0 + sample) % 3 == 0 ? 1 : 0) } }
    try file.root.write("train/flags", shape: [labels.count, 10], flags)
    try Data(file.image()).write(to: url)
}

/// The loss of validation is that of `evaluate --split validation`, and predictions name the rows.
private func heldOut(_ trial: RunTrial, _ settings: [String: String], _ check: CheckContext) throws {
    var request = EvaluationRequest(
        models: [trial.path("alone/latest.h5")], data: trial.path("data.h5"), engine: EngineChoice.standard)
    request.split = .validation
    request.labels = settings["labels"]
    let result = try EvaluationRun(request, check.world, engines: EngineChoice.engine).evaluate()
    let predictions = trial.path("predictions.h5")
    _ = try EvaluationRun(request, check.world, engines: EngineChoice.engine).predict(to: predictions, overwrite: false)
    if check.rank == 0 {
        let state = try CheckpointFile.read(trial.path("alone/latest.h5"))
        check.expect(state.history.last?["val_loss"], equals: result.loss, "loss of validation")
        check.expect(state.history.last?["val_accuracy"], equals: result.accuracy, "accuracy of validation")
        for (name, value) in settings where name != "labels" {
            check.expect(state.options[name], equals: value, "option \(name)")
        }
        let root = try HDF5File.open(predictions).root
        let rows = try root.dataset("rows").read(as: Int64.self)
        let all = try HDF5File.open(trial.path("data.h5")).root.dataset("train/labels").read(as: Int32.self)
        check.expect(rows.count, equals: result.samples, "rows")
        if settings["labels"] == nil {
            let labels = try root.dataset("labels").read(as: Int32.self)
            check.expect(labels, equals: rows.map { all[Int($0)] }, "labels of the rows")
        }
    }
    check.expect((12...14).contains(result.samples), "\(result.samples) samples")
    check.expect(result.split, equals: .validation, "split")
    // Of other data the rows mean nothing.
    request.data = trial.path("other.h5")
    if check.rank == 0 {
        try trial.generate("other.h5", train: 53, test: 0, seed: 2)
        try addTargets(to: request.data)
    }
    try check.world.barrier()
    do {
        _ = try EvaluationRun(request, check.world, engines: EngineChoice.engine).evaluate()
        check.expect(false, "other data were taken")
    } catch { check.expect("\(error)".contains("are those of other data"), "unclear: \(error)") }
}
