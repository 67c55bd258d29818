import Basics
import Execution
import Foundation
import HDF5Storage
import Interchange
import KerasNetworks
import Models
import Testing

/// Layers and graphs as Keras's files have them, computed by every engine, against Keras in double precision. Golden/layers.py,
/// operations.py, graphs.py, penalties.py, attention.py and, with tf_keras, tensorflow_functions.py and keras2.py write the files and say
/// what is in them.
@Suite struct KerasLayerTests {
    /// `layers/Dot`
    static let names = ["layers", "operations", "graphs", "penalties", "attention", "tensorflow_functions", "keras2"]
        .flatMap {
            file in
            ((try? HDF5File.open(path(file)).root.children()) ?? []).map { "\(file)/\($0)" }
        }

    private static func path(_ file: String) -> String {
        URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("Golden/\(file).h5").path
    }

    private static func golden(_ name: String) throws -> Group {
        let parts = name.split(separator: "/").map(String.init)
        return try HDF5File.open(path(parts[0])).root.group(parts[1])
    }

    /// Single precision rounds 6e-8 an operation. Sums of some hundred products of both signs lift that to this part of the
    /// largest value.
    private static let tolerance: Float = 1e-5

    @Test func thereAreLayers() {
        #expect(Self.names.count { $0.hasPrefix("layers/") } > 90)
        #expect(Self.names.count { $0.hasPrefix("operations/") } == 70)
        #expect(Self.names.count { $0.hasPrefix("graphs/") } == 12)
        #expect(Self.names.count { $0.hasPrefix("penalties/") } == 12)
        #expect(Self.names.count { $0.hasPrefix("attention/") } == 18)
        #expect(Self.names.count { $0.hasPrefix("tensorflow_functions/") } == 21)
        #expect(Self.names.count { $0.hasPrefix("keras2/") } == 4)
    }

    @Test(arguments: TestedEngine.all, names)
    func agrees(_ engine: TestedEngine, _ name: String) throws {
        let golden = try Self.golden(name)
        let network = try Network(kerasJSON: golden.attributes.string("model"), label: name)
        let values = { (name: String) -> [Float] in try golden.dataset(name).read() }
        let run = try PlanRun(
            engine.make(), network, loss: Loss(.meanSquaredError), kind: .values, shards: [2, 1],
            penalties: network.activityPenalties)
        try run.load(network.split(values("weights")))
        run.poison()
        var batch = Batch(for: network, samples: 3, kind: .values)
        batch.inputs = try values("inputs")
        batch.targets = .values(try values("targets"))
        let result = try run.run(batch)
        expect(result.outputs, try values("outputs"), "outputs")
        if let loss = try? golden.attributes.double("loss") {
            expect([Float(result.metrics.loss)], [Float(loss)], "loss")
        }
        #expect(name.hasPrefix("penalties/") != network.activityPenalties.isEmpty)
        let gradients = network.kerasParameterOrder.flatMap { result.gradients[$0] }
        expect(gradients, try values("gradients"), "gradients")
    }

    /// What is read is written so that it is read again as the same.
    @Test(arguments: names)
    func survivesTheRoundTrip(_ name: String) throws {
        let golden = try Self.golden(name)
        let network = try Network(kerasJSON: golden.attributes.string("model"), label: name)
        #expect(try Network(kerasJSON: network.kerasModel.text(), label: name) == network)
        if name.hasPrefix("attention/") {
            #expect(try Network(kerasModel: network.kerasModel(for: .keras2)) == network)
        }
        if name.hasPrefix("tensorflow_functions/") {
            let home = network.kerasModel(for: .keras2)
            #expect(try !home.text().contains("dptrain>"), "tf_keras has functions for these")
            #expect(try Network(kerasModel: home).nodes.map(\.layer) == network.nodes.map(\.layer))
        }
        if name.hasPrefix("keras2/") {
            let home = network.kerasModel(for: .keras2)
            #expect(try !home.text().contains("dptrain>"), "tf_keras has all of these functions")
            #expect(try Network(kerasModel: home) == network)
        } else {
            #expect(try !network.kerasModel.text().contains("dptrain>"), "Keras has all of these layers")
        }
    }

    private func expect(_ found: [Float], _ expected: [Float], _ what: String) {
        #expect(found.count == expected.count, "\(what)")
        let largest = expected.map(abs).max() ?? 0
        for (place, (found, expected)) in zip(found, expected).enumerated()
        where !(abs(found - expected) <= Self.tolerance * largest) {
            Issue.record("\(what), element \(place): \(found), not \(expected), where the largest is \(largest)")
        }
    }
}
