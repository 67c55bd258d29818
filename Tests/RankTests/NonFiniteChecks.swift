import Checkpoints
import Foundation
import HDF5Storage
import Training

/// Runs with a sample whose loss is not finite: `--on-nan`.
var nonFiniteChecks: [RankCheck] {
    [
        RankCheck("a step whose loss is not finite is left out on all ranks, whatever stops the run in between") {
            check in
            let trial = try RunTrial(check)
            let data = try trial.dataThatOverflows(check)
            let settings = ["data": data, "on-nan": "skip", "momentum": "0.9", "optimizer": "sgd"]
            let alone = try trial.files(of: "alone") {
                check.expect(try trial.run(in: "alone", settings: settings), equals: .finished, "outcome")
            }
            for step in [1, 2, 4] {
                let name = "stopped-\(step)"
                let resumed = try trial.files(of: name) {
                    try trial.run(in: name, settings: settings, observers: [SignalAtStep(step)])
                    try trial.run(in: name, settings: settings, resume: .latest)
                }
                check.expect(resumed == alone, "stopped at step \(step): the resumed run's files differ")
            }
            if check.rank > 0 { return }
            let state = try CheckpointFile.read(trial.path("alone/latest.h5"))
            check.expect(state.position.globalStep, equals: RunTrial.steps, "steps, those left out among them")
            check.expect(state.weights.allSatisfy { $0.allSatisfy(\.isFinite) }, "the weights are finite")
            let log = try String(contentsOfFile: trial.path("alone/\(CheckpointStore.logName)"), encoding: .utf8)
            let left = log.split(separator: "\n").filter {
                $0.contains(#""event":"step""#) && $0.contains(#""loss":null"#)
            }
            check.expect(left.count, equals: RunTrial.epochs, "steps left out: the sample is in one of each epoch")
        },
        RankCheck("such a step is left out too where updates wait for norms") { check in
            let trial = try RunTrial(check)
            let data = try trial.dataThatOverflows(check)
            for (name, settings) in [
                ("clip-norm", ["clip-norm": "0.05", "optimizer": "adam"]),
                ("lamb", ["global-clip-norm": "0.05", "optimizer": "lamb"]),
            ] {
                let settings = settings.merging(["data": data, "on-nan": "skip"]) { $1 }
                let alone = try trial.files(of: name) {
                    check.expect(try trial.run(in: name, settings: settings), equals: .finished, "outcome, \(name)")
                }
                let resumed = try trial.files(of: "\(name)-stopped") {
                    try trial.run(in: "\(name)-stopped", settings: settings, observers: [SignalAtStep(2)])
                    try trial.run(in: "\(name)-stopped", settings: settings, resume: .latest)
                }
                check.expect(resumed == alone, "\(name): the resumed run's files differ")
                if check.rank > 0 { continue }
                let state = try CheckpointFile.read(trial.path("\(name)/latest.h5"))
                check.expect(state.weights.allSatisfy { $0.allSatisfy(\.isFinite) }, "\(name): the weights are finite")
            }
        },
        RankCheck("a norm that is not finite ends the run on all ranks, and the parameter is named") { check in
            let trial = try RunTrial(check)
            do {
                try trial.run(in: "large", settings: ["l2": "1e30", "clip-norm": "1"])
                check.expect(false, "nobody noticed")
            } catch {
                let text = "\(error)"
                check.expect(text.contains("the norm of the gradient of "), "unclear: \(text)")
                check.expect(text.contains("/kernel in step 1 is not finite"), "unclear: \(text)")
            }
        },
        RankCheck("without --on-nan such a step ends the run, and the samples are named") { check in
            // Of several ranks one throws, and the others would wait for it.
            if check.size > 1 { return }
            let trial = try RunTrial(check)
            let data = try trial.dataThatOverflows(check)
            do {
                try trial.run(in: "stops", settings: ["data": data])
                check.expect(false, "the run went on")
            } catch let error as TrainingError {
                check.expect(error.description.contains("the first layer with a value that is not finite"), "\(error)")
                let rows = error.description.matches(of: /rows ([0-9, ]+)\./).first.map { $0.output.1 } ?? ""
                check.expect(rows.split(separator: ", ").contains("17"), "the rows are \(rows)")
            } catch {
                check.note(error)
            }
        },
    ]
}

extension RunTrial {
    /// The trial's images as floats, of which sample 17 is so large that the network's sums of it overflow.
    fileprivate func dataThatOverflows(_ check: CheckContext) throws -> String {
        let target = path("overflows.h5")
        if check.rank == 0 {
            let source = try HDF5File.open(path("data.h5"))
            let file = try HDF5File.create(target)
            for split in ["train", "test"] {
                let images: [UInt8] = try source.root.dataset("\(split)/images").read()
                let labels: [Int32] = try source.root.dataset("\(split)/labels").read()
                var values = images.map { Float($0) / 255 }
                let size = 32 * 32 * 3
                if split == "train" {
                    for i in 17 * size..<18 * size { values[i] = i % 2 == 0 ? 3e38 : -3e38 }
                }
                let group = try file.root.createGroup(split)
                _ = try group.write("images", shape: [labels.count, 32, 32, 3], values)
                _ = try group.write("labels", shape: [labels.count], labels)
            }
        }
        try check.world.barrier()
        return target
    }
}
