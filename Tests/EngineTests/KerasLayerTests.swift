import Basics
import Execution
import Foundation
import HDF5Storage
import KerasNetworks
import Models
import Testing

/// Layers as Keras's files have them, computed by every engine, against Keras in double precision. Golden/layers.py writes the
/// file and says what is in it.
@Suite struct KerasLayerTests {
    static let names = (try? HDF5File.open(path).root.children()) ?? []

    private static let path = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .appendingPathComponent("Golden/layers.h5").path

    /// Single precision rounds 6e-8 an operation. Sums of some hundred products of both signs lift that to this part of the
    /// largest value.
    private static let tolerance: Float = 1e-5

    @Test func thereAreLayers() { #expect(Self.names.count > 50) }

    @Test(arguments: TestedEngine.all, names)
    func agrees(_ engine: TestedEngine, _ name: String) throws {
        let golden = try HDF5File.open(Self.path).root.group(name)
        let network = try Network(kerasJSON: golden.attributes.string("model"), label: name)
        let values = { (name: String) -> [Float] in try golden.dataset(name).read() }
        let run = try PlanRun(
            engine.make(), network, loss: Loss(.meanSquaredError), kind: .values, shards: [2, 1])
        try run.load(split(values("weights"), for: network))
        run.poison()
        var batch = Batch(for: network, samples: 3, kind: .values)
        batch.inputs = try values("inputs")
        batch.targets = .values(try values("targets"))
        let result = try run.run(batch)
        expect(result.outputs, try values("outputs"), "outputs")
        expect(result.gradients.flatMap(\.self), try values("gradients"), "gradients")
    }

    /// What is read is written so that it is read again as the same.
    @Test(arguments: names)
    func survivesTheRoundTrip(_ name: String) throws {
        let golden = try HDF5File.open(Self.path).root.group(name)
        let network = try Network(kerasJSON: golden.attributes.string("model"), label: name)
        #expect(try Network(kerasJSON: network.kerasModel.text(), label: name) == network)
        #expect(try !network.kerasModel.text().contains("dptrain>"), "Keras has all of these layers")
    }

    private func split(_ values: [Float], for network: Network) -> ParameterValues {
        var rest = values[...]
        return network.parameters.map { parameter in
            let count = parameter.specification.shape.count
            defer { rest = rest.dropFirst(count) }
            return Array(rest.prefix(count))
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
