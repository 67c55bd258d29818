import DataPipeline
import Foundation
import HDF5Storage
import MessagePassing
import Reporting
import TestSupport
import Training

/// Whole runs against Keras (Tests/Golden/Keras/generate_losses.py says how its losses were made): one shard on one rank;
/// on several, shards of two samples and none, whose batch normalisation sees the whole batch.
var kerasLossChecks: [RankCheck] {
    RankEngine.all.flatMap { engine in
        [
            RankCheck("the first losses of networks are Keras's, engine: \(engine.rawValue)") { check in
                try compare(engine, check) { !$0.needsNorms }
            },
            RankCheck("the first losses with clipped gradients and LAMB are Keras's, engine: \(engine.rawValue)") {
                try compare(engine, $0, where: \.needsNorms)
            },
        ]
    }
}

private func compare(
    _ engine: TrainingOptions.EngineName, _ check: CheckContext, where isChosen: (GoldenLosses.Case) -> Bool
) throws {
    let golden = try GoldenLosses.read()
    let cases = golden.cases.filter(isChosen)
    check.expect(cases.count > 1, "there are golden losses")
    for expected in cases {
        let losses = try golden.train(expected, engine: engine, check)
        check.expect(losses.count, equals: expected.losses.count, "steps")
        for (step, (got, keras)) in zip(losses, expected.losses).enumerated() {
            check.expect(
                abs(got - keras) <= golden.tolerance * keras,
                "\(expected.model) \(expected.options), step \(step + 1): \(got), Keras \(keras)")
        }
    }
}

private struct GoldenLosses: Decodable {
    struct Case: Decodable {
        let model: String
        let data: String
        let options: [String: String]
        let losses: [Double]

        var needsNorms: Bool { options["optimizer"] == "lamb" || options.keys.contains { $0.contains("clip-") } }
    }
    let seed: UInt64
    let batch_size: Int
    let tolerance: Double
    let cases: [Case]

    private static var folder: URL {
        let tests = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        return tests.appendingPathComponent("Golden/Keras")
    }

    static func read() throws -> GoldenLosses {
        try JSONDecoder().decode(
            GoldenLosses.self, from: Data(contentsOf: folder.appendingPathComponent("losses.json")))
    }

    /// Writes Keras's samples in an order in which shards, each of which walks its own part of the file, find Keras's
    /// batches.
    private func write(_ item: Case, for shards: Int, to folder: TemporaryDirectory) throws {
        let root = try HDF5File.open(Self.folder.appendingPathComponent(item.data).path).root
        let images = try root.dataset("train/images")
        let (pixels, labels) = (try images.read(as: UInt8.self), try root.dataset("train/labels").read(as: Int32.self))
        let sampler = Sampler(count: labels.count, batch: batch_size, shards: shards, seed: nil)
        let order = (0..<sampler.steps).flatMap { step in
            (0..<shards).flatMap { sampler.positions(step: step, shard: $0) }
        }
        let size = pixels.count / labels.count
        var (placedPixels, placedLabels) = (pixels, labels)
        for (sample, row) in order.enumerated() {
            placedLabels[row] = labels[sample]
            placedPixels.replaceSubrange(
                row * size..<(row + 1) * size, with: pixels[sample * size..<(sample + 1) * size])
        }
        let file = try HDF5File.createInMemory()
        try file.root.write("train/images", shape: images.shape, placedPixels)
        try file.root.write("train/labels", shape: [labels.count], placedLabels)
        try folder.write(file.image(), to: "data.h5")
    }

    /// The loss of each step of one epoch.
    func train(_ item: Case, engine: TrainingOptions.EngineName, _ check: CheckContext) throws -> [Double] {
        let folder = try TemporaryDirectory()
        var options = TrainingOptions()
        options.model = item.model
        options.data = folder.path("data.h5")
        options.output = folder.path("run")
        options.seed = seed
        options.shuffle = false
        options.epochs = 1
        options.batchSize = batch_size
        for (name, value) in item.options { try options.set(name, to: value) }
        options.shards = check.size == 1 ? 1 : 8
        options.batchNorm = .global
        options.engine = engine
        try write(item, for: options.shards, to: folder)
        // Forgets the signals of earlier checks.
        StopSignal.install()
        let losses = LossRecord()
        let run = TrainingRun(RunRequest(options: options), check.world, observers: [losses], engines: RankEngine.make)
        check.expect(try silently { try run.execute() }, equals: .finished, "outcome")
        return losses.values
    }
}

private final class LossRecord: RunObserver {
    private(set) var values: [Double] = []

    func stepEnded(_ event: StepEnded) { values.append(event.loss) }
}
