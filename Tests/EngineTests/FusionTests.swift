import Execution
import Models
import NumericCore
import Testing

/// Fusing an activation into the layer before it must not change what else reads that layer. Gradients cannot tell: they
/// agree with whatever is computed.
@Suite struct FusionTests {
    @Test(arguments: TestedEngine.all)
    func anotherReaderSeesTheValueBeforeTheActivation(_ engine: TestedEngine) throws {
        let outputs = try run(engine) { graph, x in
            let y = graph.dense(x, 1)
            _ = graph.sum(y, graph.activation(y, .relu))
        }
        #expect(outputs == [-2, 6])
    }

    /// A linear activation shares its input's value, and so the other readers of that.
    @Test(arguments: TestedEngine.all)
    func anotherReaderBesideALinearActivation(_ engine: TestedEngine) throws {
        let outputs = try run(engine) { graph, x in
            let y = graph.dense(x, 1)
            _ = graph.sum(y, graph.activation(graph.activation(y, .linear), .relu))
        }
        #expect(outputs == [-2, 6])
    }

    @Test(arguments: TestedEngine.all)
    func aSecondActivationActsOnTheFirst(_ engine: TestedEngine) throws {
        let outputs = try run(engine) { graph, x in
            let y = graph.activation(graph.dense(x, 1), .relu)
            _ = graph.dense(graph.activation(y, .relu), 1)
        }
        #expect(outputs == [0, 3])
    }

    /// The samples -2 and 3 through a network whose kernels are ones and whose biases are zeros.
    private func run(
        _ engine: TestedEngine, _ body: (inout GraphBuilder, GraphBuilder.Tensor) -> Void
    ) throws -> [Float] {
        let network = try Network.build([1], body)
        let run = try PlanRun(
            engine.make(), network, loss: .meanSquaredError, kind: .values, shards: [2], purpose: .evaluation)
        try run.load(network.parameters.map { [$0.specification.isKernel ? 1 : 0] })
        var batch = Batch(for: network, samples: 2, kind: .values)
        batch.inputs = [-2, 3]
        return try run.run(batch).outputs
    }
}
