import DataPipeline
import Engines
import Evaluation
import Foundation
import HDF5Storage
import MessagePassing
import Options
import Reporting
import TestSupport
import Training

/// Whole runs against Keras (Tests/Golden/Keras/generate_losses.py says how its losses were made): one shard on one rank;
/// on several, shards of two samples and none, whose batch normalisation sees the whole batch.
var kerasLossChecks: [RankCheck] {
    EngineChoice.all.flatMap { engine in
        [
            RankCheck("the first losses of networks are Keras's, engine: \(engine.rawValue)") { check in
                try compare(engine, check) { !$0.needsNorms }
            },
            RankCheck("the first losses with clipped gradients and LAMB are Keras's, engine: \(engine.rawValue)") {
                try compare(engine, $0, where: \.needsNorms)
            },
            RankCheck("models of Keras and tf_keras go on as there, engine: \(engine.rawValue)") { check in
                for generation in [2, 3] {
                    try compare(engine, check, with: "notebooks-\(generation).json")
                    try comparePredictions(engine, check, file: "notebooks-\(generation).json")
                }
            },
            RankCheck("optimizers of Keras and tf_keras go on from their files, engine: \(engine.rawValue)") { check in
                for generation in [2, 3] { try compare(engine, check, with: "resumed-\(generation).json") }
            },
            RankCheck(
                "weighted losses, and losses of several classes a sample, are Keras's, engine: \(engine.rawValue)"
            ) {
                try compare(engine, $0, with: "weighted.json")
            },
        ]
    }
}

private func compare(
    _ engine: TrainingOptions.EngineName, _ check: CheckContext, with file: String = "losses.json",
    where isChosen: (GoldenLosses.Case) -> Bool = { _ in true }
) throws {
    let golden = try GoldenLosses.read(file)
    let cases = golden.cases.filter(isChosen)
    check.expect(cases.count > 1, "there are golden losses")
    for expected in cases {
        let (losses, accuracies) = try golden.train(expected, engine: engine, check)
        if let keras = expected.accuracies {
            let isClose = zip(accuracies, keras).allSatisfy { abs($0 - $1) < 1e-6 }
            check.expect(isClose, "\(expected.options): accuracies \(accuracies), Keras \(keras)")
        }
        check.expect(losses.count, equals: expected.losses.count, "steps")
        for (step, (got, keras)) in zip(losses, expected.losses).enumerated() {
            check.expect(
                abs(got - keras) <= (expected.tolerance ?? golden.tolerance) * keras,
                "\(expected.model) \(expected.options), step \(step + 1): \(got), Keras \(keras)")
        }
    }
}

/// What a model's file predicts, on bytes that the model scales itself.
private func comparePredictions(_ engine: TrainingOptions.EngineName, _ check: CheckContext, file: String) throws {
    let golden = try GoldenLosses.read(file)
    for expected in golden.cases {
        let request = EvaluationRequest(
            models: [GoldenLosses.path(expected.model)], data: GoldenLosses.path(expected.data), engine: engine)
        let run = EvaluationRun(request, check.world, engines: EngineChoice.engine)
        let got = try run.predict(to: nil, overwrite: false).values
        guard check.rank == 0 else { continue }
        let keras = (expected.predictions ?? []).flatMap(\.self)
        check.expect(got.count, equals: keras.count, "predictions of \(expected.model)")
        let worst = zip(got, keras).map { abs($0 - $1) }.max() ?? 1
        check.expect(worst <= 1e-5, "\(expected.model): predictions differ by \(worst)")
    }
}

private struct GoldenLosses: Decodable {
    struct Case: Decodable {
        let model: String
        let data: String
        let options: [String: String]
        /// Of this case, if it is not that of all.
        let tolerance: Double?
        let losses: [Double]
        let predictions: [[Float]]?
        /// Whether targets are several classes a sample; nil for labels.
        let flags: Bool?
        let accuracies: [Double]?

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

    static func read(_ name: String) throws -> GoldenLosses {
        try JSONDecoder().decode(GoldenLosses.self, from: Data(contentsOf: folder.appendingPathComponent(name)))
    }

    /// Those of generate_weighted.py, which only options use.
    private static let weights: [Float] = [0.5, 1, 2, 0, 1.5]

    /// As generate_weighted.py makes them.
    private static func flags(_ labels: [Int32]) -> [Int32] {
        labels.flatMap { label in (0..<10).map { $0 == label || $0 == (3 * label + 1) % 10 ? 1 : 0 } }
    }

    static func path(_ file: String) -> String { folder.appendingPathComponent(file).path }

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
        var weights = [Float](repeating: 0, count: labels.count)
        for (sample, row) in order.enumerated() {
            placedLabels[row] = labels[sample]
            weights[row] = Self.weights[sample % Self.weights.count]
            placedPixels.replaceSubrange(
                row * size..<(row + 1) * size, with: pixels[sample * size..<(sample + 1) * size])
        }
        let file = try HDF5File.createInMemory()
        try file.root.write("train/images", shape: images.shape, placedPixels)
        if item.flags == true {
            try file.root.write("train/labels", shape: [labels.count, 10], Self.flags(placedLabels))
        } else {
            try file.root.write("train/labels", shape: [labels.count], placedLabels)
        }
        try file.root.write("train/weights", shape: [labels.count], weights)
        try folder.write(file.image(), to: "data.h5")
    }

    /// Loss and accuracy of each step; of one epoch, if the case does not say of how many.
    func train(
        _ item: Case, engine: TrainingOptions.EngineName, _ check: CheckContext
    ) throws -> (losses: [Double], accuracies: [Double]) {
        let folder = try TemporaryDirectory()
        var options = TrainingOptions()
        let isFile = [".keras", ".h5"].contains { item.model.hasSuffix($0) }
        options.model = isFile ? Self.path(item.model) : item.model
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
        try StopSignal.install()
        let losses = LossRecord()
        let run = TrainingRun(
            RunRequest(options: options), check.world, observers: [losses], engines: EngineChoice.engine)
        check.expect(try silently { try run.execute() }, equals: .finished, "outcome")
        return (losses.values, losses.accuracies)
    }
}

private final class LossRecord: RunObserver {
    private(set) var values: [Double] = []
    private(set) var accuracies: [Double] = []

    func stepEnded(_ event: StepEnded) {
        values.append(event.loss)
        accuracies.append(event.accuracy ?? .nan)
    }
}
