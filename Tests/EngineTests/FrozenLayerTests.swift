import Basics
import Execution
import Lowering
import Models
import Testing

/// What layers that do not train are spared, and how they normalise.
@Suite struct FrozenLayerTests {
    /// A frozen body of two convolutions, and a head that trains.
    private static func network() throws -> Network {
        try Network.build([6, 5, 3]) { graph, x in
            graph.trains = { _ in false }
            var y = graph.convolution(x, 4, kernel: 3, activation: .relu, name: "body1")
            y = graph.batchNormalization(graph.convolution(y, 5, kernel: 2, name: "body2"), name: "norm")
            graph.trains = { _ in true }
            y = graph.convolution(y, 3, kernel: 1, name: "head1")
            graph.trains = { _ in false }
            y = graph.convolution(y, 2, kernel: 1, name: "between")
            graph.trains = { _ in true }
            _ = graph.dense(graph.flatten(y), 2, name: "head2")
        }
    }

    /// Nothing runs backward below the lowest layer that trains; a frozen one above it passes its gradient on.
    @Test(arguments: TestedEngine.all, BatchNormalizationMode.allCases)
    func backwardEndsAtTheLowestTrainableLayer(_ engine: TestedEngine, _ mode: BatchNormalizationMode) throws {
        let network = try Self.network()
        let plan = try engine.make().plan(
            PlanRequest(
                network: LoweredNetwork(network, loss: .meanSquaredError, purpose: .training), loss: .meanSquaredError,
                targets: .values, samples: 3, purpose: .training, batchNormalization: mode))
        let backward = plan.segments.flatMap(\.kernels).filter { $0.phase == .backward }
        #expect(Set(backward.map(\.layer)).subtracting(["flatten"]) == ["head1", "between", "head2"])
        #expect(plan.segments.count == 1, "a frozen normalisation waits for no other shard")
        let names = plan.arena.slices.filter { $0.role != .frozen }.map { network.parameters[$0.parameter].path }
        #expect(names == ["head2/kernel", "head2/bias", "head1/kernel", "head1/bias"])
        #expect(plan.arena.gradientCount < plan.arena.count)
    }

    /// A frozen normalisation uses its moving statistics in training too, as Keras does since 2.1.3.
    @Test(arguments: TestedEngine.all)
    func frozenNormalizationsUseMovingStatistics(_ engine: TestedEngine) throws {
        let network = try Self.network()
        let batch = Batch(for: network, samples: 3, kind: .values)
        let outputs = try [PlanPurpose.training, .evaluation].map { purpose in
            let run = try PlanRun(
                engine.make(), network, loss: .meanSquaredError, kind: .values, shards: [2, 1], purpose: purpose)
            try run.load(network.randomParameters())
            return try run.run(batch).outputs
        }
        expectAgreement(outputs[0], outputs[1], within: 1e-6, "outputs")
    }

    @Test func countsAreOfWhatTrains() throws {
        let network = try Self.network()
        #expect(network.trainableParameterCount == 5 * 3 + 3 + 3 * 2 * 2 * 2 + 2)
        #expect(network.parameters.filter { $0.specification.role == .frozen }.count == 2 + 2 + 4 + 2)
    }
}
