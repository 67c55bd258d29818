import Execution
import Lowering
import Models
import Testing

/// Penalties of outputs: part of the loss in training and in evaluation. Keras's own numbers are in KerasLayerTests.
@Suite struct ActivityPenaltyTests {
    private static let penalty = ActivityPenalty(l1: 0.02, l2: 0.05)

    static let cases = [
        LayerCase("convolution, then an activation of its own", [5, 4, 3], front: 5) { g, x in
            let y = g.activation(g.convolution(x, 4, kernel: 3, padding: .same), .relu)
            _ = g.dense(g.flatten(g.maxPooling(y)), 3)
        },
        LayerCase("normalization and a shortcut", [4, 4, 2], front: 17) { g, x in
            let y = g.activation(g.batchNormalization(g.convolution(x, 17, kernel: 3, padding: .same)), .silu)
            _ = g.dense(g.globalAveragePooling(g.sum(x, y)), 3)
        },
        LayerCase("plain layers and padding", [4, 3, 2], front: 4) { g, x in
            let y = g.plain(Rescaling(scale: [0.5], offset: [0.25]), [g.zeroPadding(x, Margins2D(1))])
            _ = g.dense(g.flatten(g.convolution(y, 3, kernel: 3, activation: .tanh)), 4)
        },
        LayerCase("vectors with dropout", [6], front: 8) { g, x in
            _ = g.dense(g.dropout(g.dense(x, 7, activation: .sigmoid), rate: 0.3), 3)
        },
    ]

    /// Every node but the input is penalised.
    private func penalties(of network: Network) -> [Int: ActivityPenalty] {
        Dictionary(uniqueKeysWithValues: network.nodes.indices.dropFirst().map { ($0, Self.penalty) })
    }

    @Test(arguments: TestedEngine.all, cases)
    func gradients(_ engine: TestedEngine, _ layer: LayerCase) throws {
        let network = try layer.network()
        for mode in BatchNormalizationMode.allCases {
            for sizes in [[1, 2], [3]] {
                let run = try PlanRun(
                    engine.make(), network, loss: .meanSquaredError, kind: .values, shards: sizes,
                    batchNormalization: mode, penalties: penalties(of: network))
                let batch = Batch(for: network, samples: run.batchSize, kind: .values)
                try GradientCheck(run: run, batch: batch).check(at: network.randomParameters())
            }
        }
    }

    /// Memory that values share, and values that are made again, change no bit.
    @Test(arguments: TestedEngine.all, cases)
    func memory(_ engine: TestedEngine, _ layer: LayerCase) throws {
        let network = try layer.network()
        let batch = Batch(for: network, samples: 3, kind: .values)
        let results = try [true, false].map { packsMemory in
            let run = try PlanRun(
                engine.make(), network, loss: .meanSquaredError, kind: .values, shards: [2, 1],
                packsMemory: packsMemory, penalties: penalties(of: network))
            try run.load(network.randomParameters())
            run.poison()
            return try run.run(batch)
        }
        #expect(results[0] == results[1])
    }

    /// A penalised softmax is not taken over by the loss, and the penalty is that of probabilities.
    @Test(arguments: TestedEngine.all, [PlanPurpose.training, .evaluation])
    func ofProbabilities(_ engine: TestedEngine, _ purpose: PlanPurpose) throws {
        let network = try Network.build([5]) { g, x in _ = g.dense(x, 3, activation: .softmax) }
        let batch = Batch(for: network, samples: 4, kind: .label)
        let results = try [[:], [1: ActivityPenalty(l1: 0.5)]].map { penalties in
            let run = try PlanRun(
                engine.make(), network, loss: .sparseCategoricalCrossEntropy, kind: .label, shards: [4],
                purpose: purpose, penalties: penalties)
            try run.load(network.randomParameters())
            return try run.run(batch)
        }
        // The probabilities of each of the four samples add up to 1.
        #expect(abs(results[1].metrics.loss - results[0].metrics.loss - 2) < 1e-5)
        #expect(results[1].metrics.correct == results[0].metrics.correct)
    }

    /// Predictions pay no penalty, and are the same.
    @Test(arguments: TestedEngine.all)
    func predictions(_ engine: TestedEngine) throws {
        let network = try Self.cases[0].network()
        let operations = LoweredNetwork(
            network, loss: .meanSquaredError, purpose: .prediction, penalties: penalties(of: network))
        #expect(operations.penalizedValues.isEmpty)
        let batch = Batch(for: network, samples: 3, kind: .values)
        let outputs = try [[:], penalties(of: network)].map { penalties in
            let run = try PlanRun(
                engine.make(), network, loss: .meanSquaredError, kind: .values, shards: [3], purpose: .prediction,
                penalties: penalties)
            try run.load(network.randomParameters())
            return try run.run(batch).outputs
        }
        #expect(outputs[0] == outputs[1])
    }

    /// A value that grows beyond all bounds ends training, as the loss does.
    @Test(arguments: TestedEngine.all)
    func isNotFinite(_ engine: TestedEngine) throws {
        let network = try Network.build([2]) { g, x in _ = g.dense(g.activation(g.dense(x, 2), .tanh), 1) }
        let run = try PlanRun(
            engine.make(), network, loss: .meanSquaredError, kind: .values, shards: [2],
            penalties: [1: ActivityPenalty(l2: .greatestFiniteMagnitude)])
        var parameters = network.randomParameters()
        parameters[0] = parameters[0].map { _ in .infinity }
        try run.load(parameters)
        #expect(throws: NonFiniteLoss.self) { try run.run(Batch(for: network, samples: 2, kind: .values)) }
    }
}
