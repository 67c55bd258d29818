import Checkpoints
import Engines
import Foundation
import HDF5Storage
import Options
import Sessions
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
        RankCheck("a run that is rolled back ends with the same files, whatever stops it before and after") { check in
            let trial = try RunTrial(check)
            let alone = try trial.files(of: "alone") {
                check.expect(try trial.run(in: "alone", settings: rolledBack), equals: .finished, "outcome")
            }
            for step in [3, 4, 5, 7] {
                let name = "stopped-\(step)"
                let resumed = try trial.files(of: name) {
                    let settings = rolledBack.merging(step == 5 ? ["checkpoint-every-steps": "1"] : [:]) { $1 }
                    try trial.run(in: name, settings: settings, observers: [SignalAtStep(step)])
                    try trial.run(in: name, settings: rolledBack, resume: .latest)
                }
                check.expect(resumed == alone, "stopped at step \(step): the resumed run's files differ")
            }
            if check.rank > 0 { return }
            let state = try CheckpointFile.read(trial.path("alone/latest.h5"))
            check.expect(state.position.globalStep, equals: RunTrial.steps, "steps")
            check.expect(state.coordinator.contains(#""rollbacks":1"#), "the coordinator: \(state.coordinator)")
            check.expect(state.epochStart == nil, "an epoch's start is kept between two epochs")
            let log = String(decoding: alone[CheckpointStore.logName] ?? Data(), as: UTF8.self)
            let back = #""event":"rollback","epoch":2,"step":3,"abandoned_step":6,"rollbacks":1"#
            check.expect(log.contains(back), "no rollback at step 6 in the log: \(log)")
        },
        RankCheck("a checkpoint in the middle of an epoch holds the epoch's start, and is refused without it") {
            check in
            let trial = try RunTrial(check)
            try trial.run(in: "middle", settings: rolledBack, observers: [SignalAtStep(4)])
            if check.rank > 0 { return }
            let latest = trial.path("middle/latest.h5")
            var state = try CheckpointFile.read(latest)
            check.expect(state.position, equals: .init(epoch: 1, step: 2, globalStep: 5), "where it stopped")
            let start = try CheckpointFile.read(trial.path("middle/\(CheckpointStore.stepName(3))"))
            check.expect(state.epochStart?.weights == start.weights, "weights at the epoch's start")
            check.expect(state.epochStart?.slots == start.optimizer.slots, "slots at the epoch's start")
            check.expect(state.weights != start.weights, "the steps since changed nothing")
            let bytes = try CheckpointCodec.encode(state)
            check.expect(try CheckpointCodec.decode(bytes, file: "copy") == state, "it reads back as another state")
            state.epochStart = nil
            do {
                _ = try ResumableRun(state, file: "forged")
                check.expect(false, "it was taken without the start")
            } catch {
                check.expect("\(error)".contains("lacks the epoch's start"), "unclear: \(error)")
            }
        },
        RankCheck("a run that may not be rolled back any more ends on all ranks, and says where it began") { check in
            let trial = try RunTrial(check)
            let settings = ["data": try trial.dataThatOverflows(check), "on-nan": "rollback", "rollback-limit": "1"]
            do {
                try trial.run(in: "limited", settings: settings)
                check.expect(false, "the run went on")
            } catch {
                let text = "\(error)"
                check.expect(text.contains("rolled back once"), "unclear: \(text)")
                check.expect(text.contains("the first layer with a value that is not finite"), "no layer: \(text)")
                check.expect(text.contains("rows "), "no rows: \(text)")
            }
        },
        RankCheck("a NaN in a weight in the middle of a network ends the step in which it is, on all ranks") { check in
            for engine in EngineChoice.all {
                let (path, error) = try stepWithNaN(engine, check)
                let layer = path.prefix { $0 != "/" }
                let isNamed =
                    error.contains("the first layer with a value that is not finite is \(layer);")
                    || error.contains("the update of \(path) in step 1 is not finite")
                check.expect(isNamed, "\(engine), \(path): \(error)")
                let all = try check.world.allGather(Array(error.utf8))
                check.expect(all.allSatisfy { $0 == all[0] }, "\(engine): the ranks say different things")
            }
        },
    ]
}

/// The rate is too high from the fifth step on, the second of the second epoch, until it is lowered.
private let rolledBack = [
    "on-nan": "rollback", "rollback-factor": "1e-32", "rollback-limit": "2", "optimizer": "sgd", "momentum": "0.9",
    "warm-up": "none", "schedule": "multistep:at=4steps,multiples=1e32",
]

/// What a run says in whose second layer a weight is NaN in the first step, and what the kernel is called.
private func stepWithNaN(
    _ engine: TrainingOptions.EngineName, _ check: CheckContext
) throws -> (path: String, error: String) {
    let trial = try RunTrial(check)
    var options = TrainingOptions()
    for (name, text) in ["model": "simple-cnn", "data": trial.path("data.h5"), "batch-size": "24"] {
        try options.set(name, to: text)
    }
    options.engine = engine
    let parts = try RunParts(Session(options, check.world, engines: EngineChoice.engine))
    let index = parts.network.parameters.indices.filter { parts.network.parameters[$0].specification.isKernel }[1]
    let path = parts.network.parameters[index].path
    parts.replica.parameters[parts.replica.arena[parameter: index].offset] = .nan
    let reader = parts.data.training.reader(shards: parts.session.shards)
    defer { reader.stop() }
    guard let samples = try reader.next() else { return (path, "no samples") }
    do {
        _ = try parts.step(nil).run(samples, batch: 24, step: 0, rate: 0.001)
        return (path, "the step was done")
    } catch {
        return (path, "\(error)")
    }
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
