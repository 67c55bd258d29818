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

    // MARK: What stays the same in every epoch

    /// conv - norm - relu - flatten - dropout - top, with a short cut around what is in `bypass`.
    private func frozen(_ layers: Set<String>, bypass: Bool = false) throws -> Network {
        var graph = GraphBuilder("small", input: [4, 4, 2])
        let conv = graph.convolution(graph.input, 2, kernel: 3, name: "conv")
        let norm = graph.batchNormalization(conv, name: "norm")
        let end = bypass ? graph.sum(norm, conv, name: "sum") : norm
        let flat = graph.flatten(graph.activation(end, .relu, name: "relu"), name: "flat")
        _ = graph.dense(graph.dropout(flat, rate: 0.5), 3, name: "top")
        return try graph.network().training { !layers.contains($0.name) }
    }

    @Test func aFrozenBodyEndsBeforeWhatTrainsOrIsLeftToChance() throws {
        let network = try frozen(["conv", "norm"])
        #expect(network.nodes[try network.endOfFrozenBody()].name == "flat")
    }

    @Test func aFrozenBodyEndsBeforeStatisticsThatMove() throws {
        let network = try frozen(["conv"])
        #expect(network.nodes[try network.endOfFrozenBody()].name == "conv")
    }

    /// Behind the sum everything reads the sum alone; between the convolution and the sum, two values are read.
    @Test func aFrozenBodyEndsWhereOneValueIsRead() throws {
        let network = try frozen(["conv", "norm"], bypass: true)
        #expect(network.nodes[try network.endOfFrozenBody()].name == "flat")
        let half = try frozen(["conv"], bypass: true)
        #expect(half.nodes[try half.endOfFrozenBody()].name == "conv")
    }

    @Test func aNetworkWithoutAFrozenBody() throws {
        let network = try frozen(["top"])
        let error = #expect(throws: NetworkError.self) { try network.endOfFrozenBody() }
        #expect(error?.layer == "conv")
    }
}
