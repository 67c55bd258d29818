import Checkpoints
import Foundation
import HDF5Storage
import TestSupport
import Options
import Training

/// Checkpoints with a digest that fits and a content that does not: verifying refuses each of them, and so does resuming.
var forgedCheckpointChecks: [RankCheck] {
    [
        RankCheck("a checkpoint that holds what no run could write is refused by name") { check in
            let trial = try RunTrial(check)
            let settings = [
                "model": "resnet-cifar-8-v1", "epochs": "1", "steps-per-epoch": "2", "validation-steps": "1",
            ]
            try trial.run(in: "good", settings: settings, observers: [SignalAtStep(1)])
            let forged = trial.path("forged.h5")
            let good = [UInt8](try Data(contentsOf: URL(fileURLWithPath: trial.path("good/latest.h5"))))
            check.expect(forgeries.count >= 60, "only \(forgeries.count) changes")

            func refusal(_ body: () throws -> Void) -> String? {
                do {
                    try body()
                    return nil
                } catch {
                    return "\(error)"
                }
            }
            func expectRefusal(_ forgery: Forgery, _ error: String?, by whom: String) {
                guard let error else {
                    check.expect(false, "\(forgery.name): \(whom) takes it")
                    return
                }
                let isNamed = error.contains("forged.h5") && error.contains(forgery.words)
                check.expect(isNamed, "\(forgery.name): \(whom) says: \(error)")
            }
            for forgery in forgeries {
                if check.rank == 0 {
                    let bytes = try ForgedCheckpoint.bytes(of: good, forgery.change)
                    try Data(bytes).write(to: URL(fileURLWithPath: forged))
                }
                try check.world.barrier()
                expectRefusal(forgery, refusal { _ = try ResumableRun.read(forged) }, by: "verify")
                expectRefusal(
                    forgery, refusal { try trial.run(in: "next", settings: settings, resume: .file(forged)) },
                    by: "resume")
                try check.world.barrier()
            }
            // The checkpoint itself, sealed anew, is as good as ever.
            if check.rank == 0 {
                try Data(ForgedCheckpoint.bytes(of: good) { _ in }).write(to: URL(fileURLWithPath: forged))
            }
            try check.world.barrier()
            _ = try ResumableRun.read(forged)
            check.expect(
                try trial.run(in: "next", settings: settings, resume: .file(forged)), equals: .finished, "unchanged")
        }
    ]
}

private struct Forgery {
    let name: String
    /// What the refusal must name besides the file.
    let words: String
    let change: (Group) throws -> Void

    init(_ name: String, _ words: String, _ change: @escaping (Group) throws -> Void) {
        self.name = name
        self.words = words
        self.change = change
    }

    /// A data set of another value.
    static func value<Element: StorageElement>(_ path: String, _ value: Element) -> Forgery {
        Forgery("\(path) = \(value)", path) { try $0.put(path, value) }
    }

    static func attribute<Element: StorageElement>(_ group: String, _ name: String, _ value: Element) -> Forgery {
        Forgery("\(group)@\(name) = \(value)", name) { try $0.group(group).attributes.set(name, value) }
    }

    static func text(_ group: String, _ name: String, _ value: String, _ words: String) -> Forgery {
        Forgery("\(group)@\(name) = \(value.prefix(40))", words) { try $0.group(group).attributes.set(name, value) }
    }

    static func without(_ path: String, _ words: String) -> Forgery {
        Forgery("without \(path)", words) { try $0.remove(path) }
    }
}

private let position = "dptrain/position"
private let kernel = "model_weights/conv2d/conv2d/kernel"
private let slots = "optimizer_weights/adam"

private var forgeries: [Forgery] {
    positions + sums + histories + weights + optimizer + texts + groups
}

private var positions: [Forgery] {
    [
        .value("\(position)/epoch", Int64(-1)), .value("\(position)/epoch", Int64(1) << 40),
        .value("\(position)/epoch", Double.nan), .value("\(position)/step", Int64(-1)),
        .value("\(position)/step", Int64.max), .value("\(position)/step", Double.nan),
        .value("\(position)/global_step", Int64.min), .value("\(position)/global_step", Int64.max),
        .value("\(position)/global_step", UInt64.max), .value("\(position)/global_step", Float.infinity),
        Forgery("an array of steps", "\(position)/step") { try $0.put("\(position)/step", shape: [2], [Int64(1), 1]) },
        Forgery("an empty step", "\(position)/step") { try $0.put("\(position)/step", shape: [0], [Int64]()) },
        Forgery("2^31 x 2^31 steps", "\(position)/step") {
            try $0.putHollow("\(position)/step", shape: [1 << 31, 1 << 31])
        },
        Forgery("2^40 steps", "\(position)/step") { try $0.putHollow("\(position)/step", shape: [1 << 40]) },
        .without("\(position)/step", "\(position)/step"), .without(position, position),
        Forgery("an epoch more than its history", "contradicts itself") { try $0.put("\(position)/epoch", Int64(1)) },
        Forgery("a step more than its updates", "contradicts itself") { root in
            try root.put("\(position)/step", Int64(3))
            try root.put("\(position)/global_step", Int64(3))
        },
        Forgery("steps that do not add up", "contradicts itself") { try $0.put("\(position)/step", Int64(0)) },
    ]
}

private var sums: [Forgery] {
    let sums = "dptrain/epoch_sums"
    return [
        .value("\(sums)/loss", Double.nan), .value("\(sums)/loss", -Double.infinity),
        .value("\(sums)/samples", Double.nan), .value("\(sums)/samples", 1e300), .value("\(sums)/samples", -1.0),
        .value("\(sums)/samples", 2.5), .value("\(sums)/correct", 1e9), .value("\(sums)/correct", Double.infinity),
        .value("\(sums)/other", 1.0), .value("\(sums)/loss", Float(1)),
        Forgery("an array of sums", "\(sums)/loss") { try $0.put("\(sums)/loss", shape: [2], [1.0, 2]) },
        .without(sums, sums),
    ]
}

private var histories: [Forgery] {
    [
        .attribute("dptrain/history", "epochs", Int64(-1)), .attribute("dptrain/history", "epochs", Double.nan),
        .attribute("dptrain/history", "epochs", Int64(1) << 40),
        .attribute("dptrain/history", "epochs", Int64(1) << 62),
        .attribute("dptrain/history", "epochs", Int64(1)),
        Forgery("history@epochs of two numbers", "epochs") {
            try $0.group("dptrain/history").attributes.set("epochs", [0, 0])
        },
        Forgery("a metric of 2^40 epochs", "history/loss") { root in
            try root.group("dptrain/history").attributes.set("epochs", 1 << 31 - 1)
            try root.putHollow("dptrain/history/loss", shape: [1 << 31 - 1])
        },
        Forgery("a metric of more epochs than there were", "history/loss") {
            try $0.put("dptrain/history/loss", shape: [3], [1.0, 2, 3])
        },
        Forgery("an infinite metric", "history/loss") { root in
            try root.group("dptrain/history").attributes.set("epochs", 1)
            try root.put("dptrain/history/loss", shape: [1], [Double.infinity])
        },
        .without("dptrain/history", "history"),
    ]
}

private var weights: [Forgery] {
    [
        Forgery("a weight that is NaN", kernel) { try $0.spoil(kernel, .nan) },
        Forgery("a weight that is infinite", kernel) { try $0.spoil(kernel, -.infinity) },
        Forgery("a statistic that is NaN", "moving_variance") {
            try $0.spoil("model_weights/batch_normalization/batch_normalization/moving_variance", .nan)
        },
        Forgery("a kernel of another shape", kernel) { try $0.put(kernel, shape: [2], [Float(1), 2]) },
        Forgery("a kernel of 2^31 x 2^31", kernel) { try $0.putHollow(kernel, shape: [1 << 31, 1 << 31]) },
        Forgery("a kernel of doubles", kernel) { root in
            let dataset = try root.dataset(kernel)
            try root.put(kernel, shape: dataset.shape, dataset.read(as: Double.self))
        },
        Forgery("a kernel that is compressed", kernel) { root in
            let dataset = try root.dataset(kernel)
            let (shape, values) = (dataset.shape, try dataset.read(as: Float.self))
            try root.remove(kernel)
            try root.write(kernel, shape: shape, values, layout: .chunked(shape, gzip: 9))
        },
        Forgery("a kernel that is a group", "conv2d/kernel") { root in
            try root.remove(kernel)
            try root.createGroup(kernel)
        },
        .without(kernel, "conv2d/kernel"), .without("model_weights/conv2d", "conv2d"),
        .without("model_weights", "model_weights"),
        Forgery("a weight more", "conv2d/other") { try $0.put("model_weights/conv2d/conv2d/other", Float(1)) },
        Forgery("a layer more", "other") { try $0.createGroup("model_weights/other") },
        Forgery("a layer name more", "layer_names") { root in
            let attributes = try root.group("model_weights").attributes
            try attributes.set("layer_names", attributes.strings("layer_names") + ["other"])
        },
        Forgery("a weight name less", "weight_names") {
            try $0.group("model_weights/conv2d").attributes.set("weight_names", [String]())
        },
    ]
}

private var optimizer: [Forgery] {
    [
        Forgery("a slot that is infinite", "conv2d_kernel_velocity") {
            try $0.spoil("\(slots)/conv2d_kernel_velocity", .infinity)
        },
        Forgery("a slot that is NaN", "conv2d_kernel_momentum") {
            try $0.spoil("\(slots)/conv2d_kernel_momentum", .nan)
        },
        Forgery("a slot of another shape", "conv2d_kernel_velocity") {
            try $0.put("\(slots)/conv2d_kernel_velocity", shape: [1], [Float(0)])
        },
        .without("\(slots)/conv2d_kernel_velocity", "conv2d_kernel_velocity"),
        Forgery("a slot more", "other") { try $0.put("\(slots)/other", Float(0)) },
        .value("\(slots)/iteration", Int64(-1)), .value("\(slots)/iteration", Double.nan),
        Forgery("updates that no step made", "contradicts itself") { try $0.put("\(slots)/iteration", Int64(77)) },
        .value("\(slots)/learning_rate", Float.nan), .value("\(slots)/learning_rate", Float(0.5)),
        .attribute("dptrain/optimizer", "learning_rate", Double.nan),
        .attribute("dptrain/optimizer", "learning_rate", Double.infinity),
        .attribute("dptrain/optimizer", "learning_rate", -1.0), .attribute("dptrain/optimizer", "learning_rate", 1e39),
        Forgery("a slot of no name", "optimizer_weights") {
            try $0.group("dptrain/optimizer").attributes.set("slots", ["momentum", "speed"])
        },
        Forgery("a slot named twice", "optimizer_weights") {
            try $0.group("dptrain/optimizer").attributes.set("slots", ["momentum", "momentum"])
        },
        .text("/", "training_config", "{}", "training_config"),
        .text("/", "training_config", "not JSON", "training_config"),
        .text("/", "training_config", #"{"optimizer_config": {"class_name": "Ftrl", "config": {}}}"#, "Adam"),
    ]
}

private var texts: [Forgery] {
    let state = "dptrain/coordinator"
    func coordinator(_ old: String, _ new: String) -> Forgery {
        Forgery("coordinator: \(new)", "coordinator") { root in
            let attributes = try root.group(state).attributes
            let text = try attributes.string("state")
            let changed = text.replacingOccurrences(of: old, with: new)
            guard changed != text else { throw NothingForged(name: "\(old) in \(text)") }
            try attributes.set("state", changed)
        }
    }
    return [
        .text(state, "state", "", "coordinator"), .text(state, "state", "{}", "coordinator"),
        .text(state, "state", "[1]", "coordinator"),
        coordinator("\"reduction\":1", "\"reduction\":\"nan\""), coordinator("\"reduction\":1", "\"reduction\":-1"),
        coordinator("\"reduction\":1", "\"reduction\":\"inf\""), coordinator("\"wait\":0", "\"wait\":-5"),
        coordinator("\"wait\":0", "\"wait\":9223372036854775807"),
        coordinator("\"saveBest\":{", "\"saveBest\":{\"best\":\"nan\",\"epoch\":0"),
        coordinator("\"saveBest\":{", "\"saveBest\":{\"best\":1"),
        .attribute(state, "state", Int64(1)),
        .text("/", "model_config", "{}", "no layers"), .text("/", "model_config", "", "not JSON"),
        .text("dptrain", "loss", "hope", "hope"), .text("dptrain", "format", "other", "dptrain-checkpoint"),
        .text("dptrain", "normalization", "by guess", "normalization"),
        .attribute("dptrain", "version", Int64(0)), .attribute("dptrain", "version", Int64(2)),
        .attribute("dptrain", "version", Double.nan), .attribute("dptrain", "label_smoothing", Double.nan),
        .attribute("dptrain", "label_smoothing", 1.0), .attribute("dptrain", "label_smoothing", -0.5),
        .attribute("dptrain", "from_logits", Int64(2)),
        .text("dptrain/options", "learning-rate", "nan", "learning-rate"),
        .text("dptrain/options", "learning-rate", "1e39", "learning-rate"),
        .text("dptrain/options", "batch-size", "-1", "batch-size"),
        .text("dptrain/options", "shards", "9999", "shards"), .text("dptrain/options", "beta1", "1", "beta1"),
        .text("dptrain/options", "optimizer", "sgd", "optimizer"), .text("dptrain/options", "wings", "2", "wings"),
        .attribute("dptrain/options", "seed", 1.0),
        .attribute("dptrain/execution", "engine", Int64(1)),
        Forgery("classes that are numbers", "names") {
            try $0.group("dptrain/classes").attributes.set("names", [1, 2])
        },
        Forgery("more classes than outputs", "classes") {
            try $0.group("dptrain/classes").attributes.set("names", (0..<11).map { "class \($0)" })
        },
    ]
}

private var groups: [Forgery] {
    ["optimizer_weights", "dptrain", "dptrain/options", "dptrain/execution", "dptrain/classes", "dptrain/coordinator"]
        .map {
            .without($0, $0)
        }
}
