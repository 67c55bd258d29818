import Reduction
import Basics
import Checkpoints
import Engines
import Evaluation
import Foundation
import HDF5Storage
import Interchange
import Models
import Options
import TestSupport

var evaluationChecks: [RankCheck] {
    EngineChoice.all.flatMap { engine in
        [
            RankCheck("metrics of three samples are those worked out by hand, engine: \(engine.rawValue)") { check in
                try byHand(engine, check)
            },
            RankCheck("metrics do not depend on how samples are cut, engine: \(engine.rawValue)") { check in
                try cuts(engine, check)
            },
            RankCheck("predictions of several models are averaged, engine: \(engine.rawValue)") { check in
                try ensemble(engine, check)
            },
            RankCheck("one output ranks two classes, engine: \(engine.rawValue)") { check in
                try twoClasses(engine, check)
            },
            RankCheck("predictions lie in the data's order, engine: \(engine.rawValue)") { check in
                try order(engine, check)
            },
        ]
    } + [
        RankCheck("data that do not fit the model are refused on all ranks, and nothing is overwritten") { check in
            try refusals(check)
        }
    ]
}

/// Softmax of ln 1, ln 2, ln 3, ln 4, ln 5, ln 5: probabilities 1/20, 2/20, ... Of the two largest, the first counts.
private func byHand(_ engine: TrainingOptions.EngineName, _ check: CheckContext) throws {
    let kernel = [1, 2, 3, 4, 5, 5].map { logf($0) }
    let fixture = try EvaluationFixture(inputs: 1, kernel: kernel, features: [1, 1, 1], labels: [4, 0, 1], l2: 0.5)
    let result = try fixture.run(engine, check, batch: 16, shards: 16).evaluate()
    let penalty = 0.5 * kernel.reduce(0) { $0 + Double($1 * $1) }
    let loss = (log(4.0) + log(20) + log(10)) / 3 + penalty
    check.expect(abs(result.loss - loss) < 1e-6, "loss: expected \(loss), got \(result.loss)")
    check.expect(result.accuracy, equals: 1.0 / 3, "accuracy")
    check.expect(result.top5, equals: 2.0 / 3, "top 5")
    check.expect(result.samples, equals: 3, "samples")
    // All three are taken for the fifth class.
    var counts = [Int](repeating: 0, count: 36)
    for label in [4, 0, 1] { counts[label * 6 + 4] = 1 }
    let matrix = ConfusionMatrix(
        classNames: (0..<6).map { "\($0)" }, counts: counts, samples: [1, 1, 0, 0, 1, 0])
    check.expect(result.confusion, equals: matrix, "confusion")
}

private func cuts(_ engine: TrainingOptions.EngineName, _ check: CheckContext) throws {
    let fixture = try EvaluationFixture.random(samples: 203)
    let settings = [(203, 8), (64, 8), (50, 13), (8, 8), (100, 8)]
    let results = try settings.map { try fixture.run(engine, check, batch: $0.0, shards: $0.1).evaluate() }
    for ((batch, shards), result) in zip(settings, results) {
        let name = "batch \(batch), \(shards) shards"
        check.expect(abs(result.loss - results[0].loss) < 1e-6, "\(name): loss \(result.loss), not \(results[0].loss)")
        check.expect(result.accuracy, equals: results[0].accuracy, "\(name): accuracy")
        check.expect(result.top5, equals: results[0].top5, "\(name): top 5")
        check.expect(result.samples, equals: 203, "\(name): samples")
        check.expect(result.confusion, equals: results[0].confusion, "\(name): confusion")
        let right = (0..<6).reduce(0) { $0 + (result.confusion?[$1, $1] ?? 0) }
        check.expect(result.accuracy, equals: Double(right) / 203, "\(name): the confusion's diagonal")
    }
}

/// 37 samples in steps of 11 end with one of 4, which leaves shards empty.
private func order(_ engine: TrainingOptions.EngineName, _ check: CheckContext) throws {
    let fixture = try EvaluationFixture.random(samples: 37)
    let output = fixture.folder.path("predictions.h5")
    let summary = try fixture.run(engine, check, batch: 11, shards: 8).predict(to: output, overwrite: false)
    check.expect(summary.samples, equals: 37, "samples")
    check.expect(summary.outputs, equals: 6, "outputs")
    guard check.rank == 0 else { return }
    let root = try HDF5File.open(output).root
    let predictions = try root.dataset("predictions")
    check.expect(predictions.shape, equals: [37, 6], "shape")
    check.expect(try root.dataset("labels").read(as: Int32.self), equals: fixture.labels, "labels")
    let expected = fixture.probabilities
    let worst = zip(try predictions.read(as: Float.self), expected).map { abs(Double($0) - $1) }.max() ?? 1
    check.expect(worst < 1e-6, "a probability is off by \(worst)")
}

/// The mean of a model with itself is itself, and with another lies between them.
private func ensemble(_ engine: TrainingOptions.EngineName, _ check: CheckContext) throws {
    let one = try EvaluationFixture.random(samples: 21)
    let other = try EvaluationFixture(
        inputs: 3, kernel: one.kernel.reversed(), features: one.features, labels: one.labels)
    let alone = try one.run(engine, check, batch: 16, shards: 8).predict(to: nil, overwrite: false)
    let both = try one.run(engine, check, batch: 16, shards: 8, with: [other]).predict(to: nil, overwrite: false)
    check.expect(both.values.count, equals: check.rank == 0 ? 21 * 6 : 0, "values")
    guard check.rank == 0 else { return }
    let expected = zip(one.probabilities, other.probabilities).map { ($0 + $1) / 2 }
    let worst = zip(both.values, expected).map { abs(Double($0) - $1) }.max() ?? 1
    check.expect(worst < 1e-6, "a mean is off by \(worst)")
    check.expect(alone.values != both.values, "the second model has no say")
    let ranking = alone.ranking(of: 3, count: 6)
    check.expect(ranking.map(\.label).sorted(), equals: Array(0..<6), "every class has its place")
    check.expect(zip(ranking, ranking.dropFirst()).allSatisfy { $0.score >= $1.score }, "the ranking does not fall")
}

/// A sigmoid of ±ln 3 is 3/4 or 1/4, the probability of the second class.
private func twoClasses(_ engine: TrainingOptions.EngineName, _ check: CheckContext) throws {
    let fixture = try EvaluationFixture(inputs: 1, kernel: [logf(3)], features: [1, -1], labels: [1, 0])
    let predictions = try fixture.run(engine, check, batch: 8, shards: 8).predict(
        to: nil, overwrite: false, ranksClasses: true)
    guard check.rank == 0 else { return }
    for sample in 0..<2 {
        let ranking = predictions.ranking(of: sample, count: 3)
        check.expect(ranking.map(\.label), equals: [1 - sample, sample], "classes of sample \(sample)")
        check.expect(
            zip(ranking, [0.75, 0.25]).allSatisfy { abs($0.score - $1) < 1e-6 }, "scores of sample \(sample)")
    }
}

private func refusals(_ check: CheckContext) throws {
    let fixture = try EvaluationFixture.random(samples: 9)
    let wide = try EvaluationFixture(
        inputs: 4, kernel: [Float](repeating: 0, count: 24), features: [Float](repeating: 0, count: 36),
        labels: [Int32](repeating: 0, count: 9))
    let many = try EvaluationFixture(
        inputs: 3, kernel: [Float](repeating: 0, count: 18), features: [Float](repeating: 0, count: 9),
        labels: [0, 6, 1])
    let attempts: [(EvaluationFixture, String)] = [
        (wide, "takes samples of 3"), (many, "6 outputs, but the data needs 7"),
    ]
    for (other, words) in attempts {
        let run = fixture.run(.blas, check, batch: 16, shards: 16, data: other)
        check.expect(message(of: { _ = try run.evaluate() }).contains(words), "no word of: \(words)")
    }
    let ensemble = fixture.run(.blas, check, batch: 16, shards: 16, with: [wide])
    check.expect(
        message(of: { _ = try ensemble.predict(to: nil, overwrite: false) }).contains("takes samples of 4"),
        "an ensemble of other inputs")
    let output = fixture.folder.path("predictions.h5")
    let run = fixture.run(.blas, check, batch: 16, shards: 16)
    _ = try run.predict(to: output, overwrite: false)
    check.expect(
        message(of: { _ = try run.predict(to: output, overwrite: false) }).contains("--overwrite"), "overwritten")
    _ = try run.predict(to: output, overwrite: true)
    let model = fixture.model
    check.expect(
        message(of: { _ = try run.predict(to: model, overwrite: true) }).contains("is read"), "model overwritten")
}

private func message(of body: () throws -> Void) -> String {
    do { try body() } catch { return "\(error)" }
    return "nothing was thrown"
}

/// A dense layer with softmax, or one output with sigmoid, as a checkpoint, and samples as the test split of a data file.
private struct EvaluationFixture {
    let folder: TemporaryDirectory
    let kernel: [Float]
    let features: [Float]
    let labels: [Int32]
    private let inputs: Int
    private var outputs: Int { kernel.count / inputs }

    var model: String { folder.path("model.h5") }
    private var data: String { folder.path("data.h5") }

    /// `kernel` is [inputs, outputs].
    init(inputs: Int, kernel: [Float], features: [Float], labels: [Int32], l2: Double = 0) throws {
        folder = try TemporaryDirectory()
        (self.inputs, self.kernel, self.features, self.labels) = (inputs, kernel, features, labels)
        var graph = GraphBuilder("dense", input: [inputs])
        let outputs = kernel.count / inputs
        _ = graph.dense(graph.input, outputs, activation: outputs > 1 ? .softmax : .sigmoid)
        var state = RunState(
            network: try graph.network(), loss: outputs > 1 ? .sparseCategoricalCrossEntropy : .binaryCrossEntropy,
            weights: [kernel, [Float](repeating: 0, count: outputs)],
            optimizer: OptimizerState(kerasClass: "SGD", configuration: ["name": "sgd"], learningRate: 0.1))
        state.normalization = "unchanged"
        state.options = ["l2": "\(l2)"]
        try folder.write(CheckpointCodec.encode(state), to: "model.h5")
        let test = try HDF5File.createInMemory()
        try test.root.write("test/features", shape: [labels.count, inputs], features)
        try test.root.write("test/labels", shape: [labels.count], labels)
        try folder.write(test.image(), to: "data.h5")
    }

    static func random(samples: Int) throws -> EvaluationFixture {
        let random = CounterRandom(seed: 11, purpose: .generatedData, stream: 0)
        let values = (0..<samples * 3 + 18).map { random.uniform(UInt64($0)) * 4 - 2 }
        return try EvaluationFixture(
            inputs: 3, kernel: Array(values[..<18]), features: Array(values[18...]),
            labels: (0..<samples).map { Int32($0 * 7 % 6) })
    }

    func run(
        _ engine: TrainingOptions.EngineName, _ check: CheckContext, batch: Int, shards: Int,
        data other: EvaluationFixture? = nil, with partners: [EvaluationFixture] = []
    ) -> EvaluationRun {
        let models = [model] + partners.map(\.model)
        var request = EvaluationRequest(models: models, data: (other ?? self).data, engine: engine)
        request.batchSize = batch
        request.shards = shards
        request.countsConfusion = true
        return EvaluationRun(request, check.world, engines: EngineChoice.engine)
    }

    /// What the network should say, row by row.
    var probabilities: [Double] {
        labels.indices.flatMap { sample -> [Double] in
            let exponentials = (0..<outputs).map { output in
                exp(
                    (0..<inputs).reduce(0.0) {
                        $0 + Double(features[sample * inputs + $1]) * Double(kernel[$1 * outputs + output])
                    })
            }
            let sum = exponentials.reduce(0, +)
            return exponentials.map { $0 / sum }
        }
    }
}
