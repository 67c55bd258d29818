import Basics
import Execution
import Foundation
import HDF5Storage
import Interchange
import KerasNetworks
import Lowering
import Models
import Testing

/// Networks with several inputs, on every engine. Golden/inputs.py writes what Keras computes.
@Suite struct InputTests {
    static let names = ["image-and-vector", "siamese", "two-images", "several-of-both"]

    private static func golden(_ name: String) throws -> Group {
        let file = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .appendingPathComponent("Golden/inputs.h5")
        return try HDF5File.open(file.path).root.group(name)
    }

    private static func model(_ golden: Group) throws -> (network: Network, loss: Loss, kind: TargetKind) {
        let network = try Network(kerasJSON: golden.attributes.string("model"), label: "golden")
        let losses = try JSONValue(parsing: golden.attributes.string("losses"))
        guard network.heads.isEmpty else {
            return (network, try Loss(keras: losses, weights: nil, ofHeadsOf: network), .row([.label, .values]))
        }
        return (network, .sparseCategoricalCrossEntropy, .label)
    }

    private static func batch(_ golden: Group, _ network: Network, _ kind: TargetKind) throws -> Batch {
        var batch = Batch(for: network, samples: 5, kind: kind)
        let all = try network.inputs.map { try golden.dataset("input-\($0)").read(as: Float.self) }
        batch.inputs = all[network.mainInput]
        batch.furtherInputs = network.furtherInputs.map { all[$0] }
        let targets = try golden.dataset("targets").read(as: Float.self)
        batch.targets = kind == .label ? .labels(targets.map { Int32($0) }) : .values(targets)
        return batch
    }

    /// Relative to the largest value.
    private func expect(_ found: [Float], _ expected: [Float], within tolerance: Float = 1e-5, _ what: String) {
        #expect(found.count == expected.count, "\(what)")
        let largest = expected.map(abs).max() ?? 0
        let worst = zip(found, expected).map { abs($0 - $1) }.max() ?? .infinity
        #expect(worst <= tolerance * largest, "\(what)")
    }

    @Test(arguments: TestedEngine.all, names)
    func agreesWithKeras(_ engine: TestedEngine, _ name: String) throws {
        let golden = try Self.golden(name)
        let (network, loss, kind) = try Self.model(golden)
        let values = { (name: String) -> [Float] in try golden.dataset(name).read() }
        let batch = try Self.batch(golden, network, kind)
        let run = try PlanRun(engine.make(), network, loss: loss, kind: kind, shards: [2, 3])
        try run.load(network.split(values("weights")))
        run.poison()
        let result = try run.run(batch)
        expect([Float(result.metrics.loss)], [Float(try golden.attributes.double("sum"))], "the loss")
        expect(network.kerasParameterOrder.flatMap { result.gradients[$0] }, try values("gradients"), "gradients")
        let prediction = try PlanRun(
            engine.make(), network, loss: .meanSquaredError, kind: .values, shards: [2, 3], purpose: .prediction)
        try prediction.load(network.split(values("weights")))
        prediction.poison()
        expect(try prediction.run(batch).outputs, try values("outputs"), "outputs")
    }

    /// 20 steps of plain gradient descent on one batch.
    @Test(arguments: TestedEngine.all, names)
    func trainsAsKeras(_ engine: TestedEngine, _ name: String) throws {
        let golden = try Self.golden(name)
        let (network, loss, kind) = try Self.model(golden)
        let batch = try Self.batch(golden, network, kind)
        let run = try PlanRun(engine.make(), network, loss: loss, kind: kind, shards: [5])
        try run.load(network.split(golden.dataset("weights").read()))
        let rate = Float(try golden.attributes.double("rate"))
        let history: [Double] = try golden.attributes.values("history")
        var found: [Float] = []
        for _ in history {
            found.append(Float(try run.run(batch, givesGradients: false).metrics.loss / 5))
            run.descend(rate: rate / 5)
        }
        expect(found, history.map { Float($0) }, within: 1e-4, "losses")
        #expect(history[history.count - 1] < history[0] / 2)
        let trained = try network.kerasParameterOrder.flatMap { try run.values(of: $0) }
        expect(trained, try golden.dataset("trained").read(), within: 1e-4, "weights")
    }

    @Test(arguments: TestedEngine.all, names)
    func gradients(_ engine: TestedEngine, _ name: String) throws {
        let (network, loss, kind) = try Self.model(Self.golden(name))
        try GradientCheck.checkShards(engine, network, loss, kind)
    }

    /// The order in which Keras is given them stays, whatever they are called and wherever the layers stand.
    @Test(arguments: names)
    func comeHome(_ name: String) throws {
        let network = try Self.model(Self.golden(name)).network
        #expect(try Network(kerasModel: network.kerasModel) == network)
        let text = try network.kerasModel.text()
        #expect(try Network(kerasJSON: text, label: "again").inputs == [0, 1])
    }

    @Test func mainInput() throws {
        let network = try Self.model(Self.golden("image-and-vector")).network
        #expect(network.inputText == "table 4, photo 6x5x3")
        #expect(network.mainInput == 1 && network.furtherInputs == [0] && network.inputShape == [6, 5, 3])
        #expect(throws: NetworkError.self) { try network.requireOneInput("this takes one") }
        #expect(throws: NetworkError.self) { try network.endOfFrozenBody() }
        let larger = try #require(throws: NetworkError.self) { try network.taking([8, 8, 3]) }
        #expect(larger.reason.contains("other weights"))
        // Evaluation is given all inputs, also those that serve an auxiliary output alone.
        let (part, _) = try network.ending(withLayer: "conv", weights: network.parameters.map { _ in [Float]() })
        #expect(part.inputs == [0, 1])
    }
}
