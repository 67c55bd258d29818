import Basics
import Execution
import Foundation
import HDF5Storage
import Interchange
import KerasNetworks
import Lowering
import Models
import Testing

/// Networks with several outputs that have targets of their own, on every engine. Golden/heads.py writes what Keras computes.
@Suite struct HeadTests {
    static let names = ["classes-and-a-value", "classes-and-superclasses", "three", "of-one-shape", "smoothed"]

    private static func golden(_ name: String) throws -> Group {
        let file = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("Golden/heads.h5")
        return try HDF5File.open(file.path).root.group(name)
    }

    /// As Keras compiled it.
    private static func model(_ golden: Group) throws -> (network: Network, loss: Loss, kind: TargetKind) {
        var network = try Network(kerasJSON: golden.attributes.string("model"), label: "golden")
        if network.heads.isEmpty { network = try network.withHeads() }
        let weights = try JSONValue(parsing: golden.attributes.string("loss_weights"))
        let loss = try Loss(
            keras: JSONValue(parsing: golden.attributes.string("loss")), weights: weights == .null ? nil : weights,
            ofHeadsOf: network)
        let labels: [Int] = try golden.attributes.values("labels").map { (value: Int64) in Int(value) }
        return (network, loss, .row(labels.map { $0 == 1 ? .label : .values }))
    }

    /// Relative to the largest value.
    private func expect(_ found: [Float], _ expected: [Float], _ what: String) {
        #expect(found.count == expected.count, "\(what)")
        let largest = expected.map(abs).max() ?? 0
        let worst = zip(found, expected).map { abs($0 - $1) }.max() ?? 0
        #expect(worst <= 1e-5 * largest, "\(what)")
    }

    @Test(arguments: TestedEngine.all, names)
    func agreesWithKeras(_ engine: TestedEngine, _ name: String) throws {
        let golden = try Self.golden(name)
        let (network, loss, kind) = try Self.model(golden)
        let values = { (name: String) -> [Float] in try golden.dataset(name).read() }
        let weights = try network.split(values("weights"))
        var batch = Batch(for: network, samples: 5, kind: kind)
        batch.inputs = try values("inputs")
        batch.targets = .values(try values("targets"))
        let losses: [Double] = try golden.attributes.values("losses")
        for purpose in [PlanPurpose.training, .evaluation] {
            let run = try PlanRun(engine.make(), network, loss: loss, kind: kind, shards: [2, 3], purpose: purpose)
            try run.load(weights)
            run.poison()
            let result = try run.run(batch)
            expect([Float(result.metrics.loss)], [Float(try golden.attributes.double("sum"))], "the sum")
            #expect(result.heads.count == losses.count)
            for (head, loss) in zip(result.heads, losses) { expect([Float(head.loss)], [Float(loss)], "a loss") }
            if purpose == .training {
                expect(
                    network.kerasParameterOrder.flatMap { result.gradients[$0] }, try values("gradients"), "gradients")
            }
        }
        let run = try PlanRun(
            engine.make(), network, loss: .meanSquaredError, kind: .values, shards: [2, 3], purpose: .prediction)
        try run.load(weights)
        run.poison()
        expect(try run.run(batch).outputs, try values("outputs"), "outputs")
    }

    @Test(arguments: TestedEngine.all, names)
    func gradients(_ engine: TestedEngine, _ name: String) throws {
        let (network, loss, kind) = try Self.model(Self.golden(name))
        try GradientCheck.checkShards(engine, network, loss, kind)
    }

    /// Each counts what it gets right: the outputs of all samples say it again.
    @Test(arguments: TestedEngine.all)
    func accuracies(_ engine: TestedEngine) throws {
        let (network, loss, kind) = try Self.model(Self.golden("classes-and-superclasses"))
        let batch = Batch(for: network, samples: 40, kind: kind)
        let results = try [PlanPurpose.evaluation, .prediction].map { purpose in
            let run = try PlanRun(engine.make(), network, loss: loss, kind: kind, shards: [40], purpose: purpose)
            try run.load(network.randomParameters())
            return try run.run(batch)
        }
        guard case .values(let targets) = batch.targets else { return }
        var (fine, coarse) = (0, 0)
        for sample in 0..<40 {
            let row = results[1].outputs[9 * sample..<9 * sample + 9]
            let best = { (part: ArraySlice<Float>) in Float(part.indices.max { part[$0] < part[$1] }! - part.startIndex)
            }
            fine += best(row.prefix(6)) == targets[2 * sample] ? 1 : 0
            coarse += best(row.suffix(3)) == targets[2 * sample + 1] ? 1 : 0
        }
        #expect(results[0].heads.map(\.correct) == [fine, coarse])
        #expect(results[0].metrics.correct == fine)
        #expect(fine > 0 && coarse > 0)
    }

    /// A file says it of each, and a checkpoint's file for Keras says it again.
    @Test func lossesMaySmooth() throws {
        let (network, loss, _) = try Self.model(Self.golden("smoothed"))
        #expect(loss.heads.map(\.loss.labelSmoothing) == [0.2, 0])
        let again = JSONValue.array(loss.heads.map(\.loss.kerasConfiguration))
        #expect(try Loss(keras: again, weights: nil, ofHeadsOf: network) == loss)
    }

    /// Evaluation and prediction keep heads, with all layers that they need; auxiliary outputs go.
    @Test func partsOfTheNetwork() throws {
        let (network, _, _) = try Self.model(Self.golden("three"))
        #expect(network.headNames == ["place", "is_there", "kind"] && network.outputCount == 7)
        #expect(network.servesOutput.allSatisfy { $0 })
        let kept = try network.withoutAuxiliaryOutputs()
        #expect(kept.headNames == network.headNames && kept.parameters == network.parameters)
        let (part, _) = try network.ending(withLayer: "is_there", weights: network.parameters.map { _ in [Float]() })
        #expect(part.heads.isEmpty && part.outputShape == [1])
    }

    /// The file says again which outputs have targets.
    @Test(arguments: names)
    func comesHome(_ name: String) throws {
        let (network, loss, _) = try Self.model(Self.golden(name))
        let home = try Network(kerasModel: network.kerasModel)
        #expect(home == network && home.headNames == loss.heads.map(\.name))
    }

    @Test(arguments: [
        (#"["mse"]"#, "null", "one for each of digit, angle"), (#"{"digit": "mse"}"#, "null", "one for each"),
        (#"{"digit": "mse", "other": "mse"}"#, "null", "one for each"), (#"["mse", null]"#, "null", "one for each"),
        (#""mse""#, "[1]", "loss_weights"), (#""mse""#, #"{"digit": 1, "angle": -1}"#, "loss_weights"),
        (#"["mse", {"class_name": "Huber", "config": {"delta": 3.0}}]"#, "null", "options"),
        (#"["sparse_categorical_crossentropy", "binary_crossentropy"]"#, "null", "probabilities"),
    ])
    func whatDoesNotFitIsNamed(losses: String, weights: String, words: String) throws {
        let (network, _, _) = try Self.model(Self.golden("classes-and-a-value"))
        let given = try JSONValue(parsing: weights)
        let error = #expect(throws: NetworkError.self) {
            try Loss(keras: JSONValue(parsing: losses), weights: given == .null ? nil : given, ofHeadsOf: network)
        }
        #expect(error?.reason.contains(words) == true, "\(error?.reason ?? "")")
    }
}
