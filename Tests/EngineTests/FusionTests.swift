import Basics
import Execution
import Lowering
import Models
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

    /// Padding costs nothing where the only reader takes it over, and stays where it would change what is computed.
    @Test func paddingIsLeftToItsReader() throws {
        let network = try Network.build([8, 8, 3]) { graph, x in
            var y = graph.convolution(graph.zeroPadding(x, Margins2D(3)), 4, kernel: 7, stride: 2, padding: .same)
            y = graph.maxPooling(graph.zeroPadding(graph.activation(y, .relu), Margins2D(1)), 3)
            y = graph.zeroPadding(y, Margins2D(2))
            y = graph.averagePooling(graph.zeroPadding(graph.convolution(y, 2, kernel: 2), Margins2D(1)))
        }
        let operations = LoweredNetwork(network, loss: .meanSquaredError, purpose: .training).operations
        #expect(
            operations.map(\.kind)
                == ["input", "convolution", "pooling", "padding", "convolution", "padding", "pooling"])
        // Of 14 padded pixels `same` makes 7 windows, with two rows before the first and three after the last.
        #expect(operations[1].margins == Margins2D(top: 5, bottom: 6, left: 5, right: 6))
        #expect(operations[2].margins == Margins2D(1) && operations[2].inputShapes == [[7, 7, 4]])
        #expect(operations[3].margins == Margins2D(2) && operations[4].margins == .none)
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
