import Basics
import Checkpoints
import DatasetCreation
import FoundationEssentials
import KerasNetworks
import Models
import Training

/// Short runs of training as a user starts them: a network with batch normalisation and dropout, generated images in an
/// HDF5 file, an uneven last batch. Their checkpoints are compared byte by byte.
package final class TrainingChecks {
    package static let all: [Check<TrainingChecks>] = [
        Check("all ranks = 1 rank") { try $0.compareRankCounts("shard") },
        Check("the same, global batch norm") { try $0.compareRankCounts("global") },
        Check("a wrong weight is noticed") { try $0.changeWeight() },
    ]

    private let starter: ProgramStarter
    private var isPrepared = false

    package init(_ starter: ProgramStarter) { self.starter = starter }

    private func path(_ name: String) -> String { "\(starter.folder)/\(name)" }

    /// Not a power of two, so that ranks own unlike parts of the tree.
    private var shards: Int { max(5, starter.ranks + 1 - starter.ranks % 2) }
    private var batch: Int { 4 * shards }

    private func compareRankCounts(_ batchNorm: String) throws -> String {
        let (one, many) = ("\(batchNorm)-1", "\(batchNorm)-\(starter.ranks)")
        try train(ranks: 1, batchNorm, to: one)
        try train(ranks: starter.ranks, batchNorm, to: many)
        let names = try checkpoints(one)
        try require(try checkpoints(many) == names, "the runs left different checkpoints")
        for name in names where try !isEqual("\(one)/\(name)", "\(many)/\(name)") {
            let difference = CheckpointDifference(
                try CheckpointFile.read(path("\(one)/\(name)")), try CheckpointFile.read(path("\(many)/\(name)")))
            let lines = difference.lines.prefix(3).joined(separator: "\n")
            throw CheckFailure("\(starter.ranks) ranks and 1 rank left a different \(name)\n\(lines)")
        }
        return "\(starter.ranks) ranks and 1 rank: the same bytes in all \(names.count) checkpoints, \(shards) shards"
    }

    /// The same run with one weight a little off must not end with the same checkpoint.
    private func changeWeight() throws -> String {
        let run = "shard-\(starter.ranks)"
        let initial = path("\(run)/\(CheckpointStore.stepName(0))")
        try require(FileManager.default.fileExists(atPath: initial), "there is no run to compare with")
        var state = try CheckpointFile.read(initial)
        state.weights[0][0] *= 1.001
        try CheckpointFile.export(state, to: path("changed.h5"), as: .weights)
        try train(ranks: starter.ranks, "shard", ["--weights", path("changed.h5")], to: "changed")
        for name in try checkpoints(run) where name != CheckpointStore.bestName {
            try require(
                try !isEqual("\(run)/\(name)", "changed/\(name)"),
                "a run from another weight left the same \(name), so the comparison above shows nothing")
        }
        return "one initial weight, 0.1 % off, changes every checkpoint"
    }

    private func train(ranks: Int, _ batchNorm: String, _ more: [String] = [], to output: String) throws {
        try prepare()
        let options = [
            "--model": path("model.json"), "--data": path("train.h5"), "--output": path(output), "--epochs": "2",
            "--batch-size": "\(batch)", "--shards": "\(shards)", "--batch-norm": batchNorm, "--keep": "10",
            "--checkpoint-every-steps": "2",
        ]
        try starter.run(ranks: ranks, ["train"] + options.flatMap { [$0.key, $0.value] } + more, log: "\(output)-log")
    }

    private func prepare() throws {
        if isPrepared { return }
        let image: Shape = [GeneratedImages.height, GeneratedImages.width, GeneratedImages.channels]
        var graph = GraphBuilder("selftest", input: image)
        var x = graph.convolution(graph.input, 8, kernel: 3, stride: 2, padding: .same, bias: false)
        x = graph.activation(graph.batchNormalization(x, momentum: 0.9), .relu)
        x = graph.dropout(graph.maxPooling(x), rate: 0.25)
        x = graph.convolution(x, 12, kernel: 3, activation: .relu)
        _ = graph.dense(graph.flatten(x), GeneratedImages.classes.count, activation: .softmax)
        try graph.network().kerasModel.text().write(toFile: path("model.json"), atomically: true, encoding: .utf8)
        try GeneratedDataset.write(to: path("train.h5"), train: 3 * batch + shards + 2, test: batch + 3, seed: 1)
        isPrepared = true
    }

    /// The first steps first: where runs begin to differ is what tells most.
    private func checkpoints(_ run: String) throws -> [String] {
        let names = try FileManager.default.contentsOfDirectory(atPath: path(run)).filter { $0.hasSuffix(".h5") }
        try require(!names.isEmpty, "the run left no checkpoints")
        return names.sorted { ($0.hasPrefix("step-") ? 0 : 1, $0) < ($1.hasPrefix("step-") ? 0 : 1, $1) }
    }

    private func isEqual(_ a: String, _ b: String) throws -> Bool {
        FileManager.default.contentsEqual(atPath: path(a), andPath: path(b))
    }
}
