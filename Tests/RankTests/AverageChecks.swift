import Basics
import Checkpoints
import Foundation
import HDF5Storage
import KerasNetworks
import Models
import Training

/// Runs whose model is the mean of weights.
var averageChecks: [RankCheck] {
    [
        RankCheck("the mean of weights, and statistics of all training samples") { check in
            let trial = try RunTrial(check)
            let model = trial.path("model.json")
            if check.rank == 0 {
                try Data(normalizingFirst().kerasModel.text().utf8).write(to: URL(fileURLWithPath: model))
            }
            try check.world.barrier()
            // One batch an epoch, which global statistics see as a whole.
            let settings = [
                "model": model, "epochs": "3", "batch-size": "53", "batch-norm": "global", "swa": "start=1",
                "optimizer": "sgd", "learning-rate": "0.5", "keep": "9",
            ]
            try trial.run(in: "mean", settings: settings)
            if check.rank > 0 { return }
            let states = try (1...3).map { try CheckpointFile.read(trial.path("mean/\(CheckpointStore.stepName($0))")) }
            check.expect(states[0].otherWeights.isEmpty, "the first epoch does not count")
            check.expect(states[1].otherWeights[.training] != states[2].otherWeights[.training], "weights move")
            let names = states[2].network.parameters.map(\.path)
            for (index, name) in names.enumerated() where !name.contains("moving") {
                let (first, second) = (states[1].trainedWeights[index], states[2].trainedWeights[index])
                let mean = zip(first, second).map { $0 + ($1 - $0) / 2 }
                check.expect(states[2].weights[index], equals: mean, "\(name) of the model")
                check.expect(states[1].weights[index], equals: first, "\(name) of the model, after one that counts")
            }
            let pixels = try HDF5File.open(trial.path("data.h5")).root.dataset("train/images").read(as: UInt8.self)
            let (mean, variance) = moments(pixels.map { Double($0) / 255 }, channels: 3)
            for state in states[1...] {
                for (name, expected) in [("norm/moving_mean", mean), ("norm/moving_variance", variance)] {
                    let found = zip(names, state.weights).first { $0.0 == name }?.1 ?? []
                    check.expect(
                        found.count == 3 && zip(found, expected).allSatisfy { abs(Double($0) - $1) < 1e-5 },
                        "\(name) is \(found), not \(expected)")
                }
            }
        },
        RankCheck("weights and statistics are those of PyTorch's AveragedModel and update_bn") { check in
            let trial = try RunTrial(check)
            let tests = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            let golden = tests.appendingPathComponent("Golden/PyTorch")
            let (data, weights) = (
                golden.appendingPathComponent("swa.h5"), golden.appendingPathComponent("swa_weights.h5")
            )
            let model = trial.path("model.json")
            if check.rank == 0 {
                try Data(normalizingTwice().kerasModel.text().utf8).write(to: URL(fileURLWithPath: model))
            }
            try check.world.barrier()
            let settings = [
                "model": model, "data": data.path, "weights": weights.path, "epochs": "4", "batch-size": "16",
                "batch-norm": "global", "shards": "8", "swa": "start=2", "optimizer": "sgd", "learning-rate": "0.2",
                "momentum": "0.9",
                "schedule": "constant", "warm-up": "none", "reduce-on-plateau": "none", "l2": "0", "shuffle": "false",
                "validation": "none",
            ]
            try trial.run(in: "golden", settings: settings)
            if check.rank > 0 { return }
            let state = try CheckpointFile.read(trial.path("golden/\(CheckpointStore.latestName)"))
            let expected = try HDF5File.open(weights.path).root.group("expected")
            for (name, values) in zip(state.network.parameters.map(\.path), state.weights) {
                let layer = name.prefix { $0 != "/" }
                let wanted = try expected.dataset("\(layer)/\(name):0").read(as: Float.self)
                let furthest = zip(values, wanted).map { abs($0 - $1) - 1e-4 * abs($1) }.max() ?? 1
                check.expect(values.count == wanted.count && furthest < 1e-5, "\(name) is off by \(furthest)")
            }
            check.expect(state.weights.count == 13, "\(state.weights.count) arrays were compared")
        },
    ]
}

/// As `Golden/PyTorch/generate_swa.py` builds it.
private func normalizingTwice() throws -> Network {
    var graph = GraphBuilder("averaged", input: [9, 9, 3])
    var x = graph.convolution(graph.input, 6, kernel: 3, stride: 2, bias: false, name: "first")
    x = graph.activation(graph.batchNormalization(x, name: "norm"), .relu)
    x = graph.convolution(x, 5, kernel: 2, name: "second")
    x = graph.activation(graph.batchNormalization(x, name: "other"), .relu)
    _ = graph.dense(graph.globalAveragePooling(x), 4, activation: .softmax, name: "dense")
    return try graph.network()
}

/// Its first layer normalises what the samples are, whatever the weights.
private func normalizingFirst() throws -> Network {
    var graph = GraphBuilder("normalizing", input: [32, 32, 3])
    var x = graph.batchNormalization(graph.input, name: "norm")
    x = graph.convolution(x, 4, kernel: 3, stride: 2, activation: .relu)
    x = graph.batchNormalization(x)
    _ = graph.dense(graph.globalAveragePooling(x), 10, activation: .softmax)
    return try graph.network()
}

/// Mean and population variance of each channel.
private func moments(_ values: [Double], channels: Int) -> (mean: [Double], variance: [Double]) {
    let groups = (0..<channels).map { channel in
        stride(from: channel, to: values.count, by: channels).map { values[$0] }
    }
    let means = groups.map { $0.reduce(0, +) / Double($0.count) }
    let variances = zip(groups, means).map { group, mean in
        group.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(group.count)
    }
    return (means, variances)
}
