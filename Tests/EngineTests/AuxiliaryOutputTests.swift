import Basics
import Execution
import Lowering
import Models
import Testing

/// Auxiliary outputs: in training part of the loss, in evaluation and prediction not there at all.
@Suite struct AuxiliaryOutputTests {
    private static func network(weight: Float?) throws -> Network {
        try Network.build([6, 6, 2]) { g, x in
            let y = g.convolution(x, 4, kernel: 3, activation: .relu, name: "body")
            if let weight {
                let head = g.dense(g.flatten(y, name: "head_flat"), 5, activation: .tanh, name: "head_hidden")
                g.auxiliaryOutput(g.dense(head, 3, activation: .softmax, name: "head"), weight: weight)
            }
            _ = g.dense(g.globalAveragePooling(y), 3, activation: .softmax, name: "output")
        }
    }

    @Test func countsWithAndWithout() throws {
        let network = try Self.network(weight: 0.3)
        let plain = try Self.network(weight: nil)
        #expect(network.parameterCount == plain.parameterCount + 64 * 5 + 5 + 5 * 3 + 3)
        #expect(network.outputParameterCount == plain.parameterCount)
        #expect(try network.withoutAuxiliaryOutputs().nodes == plain.nodes)
    }

    @Test(arguments: TestedEngine.all, [PlanPurpose.evaluation, .prediction])
    func evaluationLeavesThemOut(_ engine: TestedEngine, _ purpose: PlanPurpose) throws {
        let network = try Self.network(weight: 0.3)
        let operations = LoweredNetwork(network, loss: .sparseCategoricalCrossEntropy, purpose: purpose).operations
        #expect(!operations.contains { $0.name.hasPrefix("head") })
        let plain = try network.withoutAuxiliaryOutputs()
        let batch = Batch(for: network, samples: 3, kind: .label)
        let values = network.randomParameters()
        let kept = network.parameters.indices.filter { network.servesOutput[network.parameters[$0].node] }
        let results = try [(network, values), (plain, kept.map { values[$0] })].map { network, values in
            let run = try PlanRun(
                engine.make(), network, loss: .sparseCategoricalCrossEntropy, kind: .label, shards: [2, 1],
                purpose: purpose)
            try run.load(values)
            return try run.run(batch)
        }
        #expect(results[0] == results[1])
    }

    /// Training's loss is the sum with weights, accuracy that of the output alone.
    @Test(arguments: TestedEngine.all)
    func lossesAddUp(_ engine: TestedEngine) throws {
        let results = try [Float(0), 1, 0.25].map { weight in
            let network = try Self.network(weight: weight)
            let run = try PlanRun(
                engine.make(), network, loss: .sparseCategoricalCrossEntropy, kind: .label, shards: [3])
            try run.load(network.randomParameters())
            return try run.run(Batch(for: network, samples: 3, kind: .label))
        }
        let (main, both, weighted) = (results[0].metrics, results[1].metrics, results[2].metrics)
        #expect(both.loss > main.loss + 1)
        #expect(abs(main.loss + 0.25 * (both.loss - main.loss) - weighted.loss) < 1e-9)
        #expect(main.correct == both.correct && main.correct == weighted.correct)
        #expect(results[0].gradients[2].allSatisfy { $0 == 0 } && results[1].gradients[2].contains { $0 != 0 })
    }

    @Test func mustAnswerWhatTheOutputAnswers() throws {
        let error = #expect(throws: NetworkError.self) {
            try Network.build([4]) { g, x in
                g.auxiliaryOutput(g.dense(x, 3, name: "head"), weight: 0.3)
                _ = g.dense(x, 2)
            }
        }
        #expect(error?.layer == "head")
    }
}
