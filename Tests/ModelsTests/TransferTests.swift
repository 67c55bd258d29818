import Basics
import Models
import ModelZoo
import Testing

/// What becomes of a trained network that is to learn something else.
@Suite struct TransferTests {
    private func network(units: Int, _ activation: Activation, separate: Bool) throws -> Network {
        var graph = GraphBuilder("small", input: [4, 4, 3])
        let x = graph.flatten(graph.convolution(graph.input, 2, kernel: 3, name: "conv"))
        let y = graph.dense(x, units, activation: separate ? .linear : activation, name: "top")
        if separate { _ = graph.activation(graph.dropout(y, rate: 0.5), activation, name: "decision") }
        return try graph.network()
    }

    @Test(
        arguments: [
            (3, Activation.softmax, 5, Activation.softmax), (3, Activation.softmax, 1, Activation.sigmoid),
            (1, Activation.sigmoid, 4, Activation.softmax),
            (3, Activation.linear, 5, Activation.linear),
        ], [false, true])
    func replacedTop(_ change: (Int, Activation, Int, Activation), separate: Bool) throws {
        let network = try network(units: change.0, change.1, separate: separate)
        let replaced = try network.replacingTop(classes: change.2)
        #expect(replaced.outputShape == [change.2])
        #expect(replaced.nodes[replaced.nodes.count - 1].layer.activation == change.3)
        #expect(replaced.nodes.map(\.name) == network.nodes.map { $0.name == "top" ? "top_new" : $0.name })
        #expect(try replaced.replacingTop(classes: 2).nodes.contains { $0.name == "top_new_new" })
    }

    @Test func everyClassifierOfTheZooCanBeReplaced() throws {
        for model in Zoo.models where model.loss.function != .maximumAPosteriori {
            #expect(try model.network().replacingTop(classes: 7).outputShape == [7], "\(model.name)")
        }
    }

    @Test func anOutputThatIsNoClassifier() throws {
        var graph = GraphBuilder("sum", input: [4])
        _ = graph.sum(graph.dense(graph.input, 4, name: "a"), graph.input, name: "end")
        let network = try graph.network()
        let error = #expect(throws: NetworkError.self) { try network.replacingTop(classes: 2) }
        #expect(error?.layer == "end")
    }

    @Test func layersThatTrain() throws {
        let network = try network(units: 3, .softmax, separate: true)
        let frozen = try network.training { $0.name == "top" }
        #expect(frozen.trainableParameters.map(\.path) == ["top/kernel", "top/bias"])
        #expect(frozen != network && frozen.isEqualButForTraining(network))
        #expect(try frozen.training { _ in true } == network)
        let patterns = try #require(NamePatterns("decision"))
        let error = #expect(throws: OptionError.self) { try network.requireLayers(patterns, option: "freeze") }
        #expect(error?.description.contains("conv, top") == true)
    }
}
