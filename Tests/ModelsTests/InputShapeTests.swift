import Basics
import Models
import ModelZoo
import Testing

/// Networks for images of another size.
@Suite struct InputShapeTests {
    /// A sequence, or an image without an axis of channels, is an image of one channel to a data file.
    @Test func sequencesTakeSamplesOfOneChannel() throws {
        var graph = GraphBuilder("sequence", input: [20, 3])
        _ = graph.dense(graph.flatten(graph.input), 2)
        let network = try graph.network()
        #expect(network.takes([20, 3]) && network.takes([20, 3, 1]))
        #expect(!network.takes([20, 3, 3]) && !network.takes([3, 20, 1]) && !network.takes([60]))
        #expect(try network.taking([20, 3, 1]) == network)
        #expect(throws: NetworkError.self) { try network.taking([20, 4, 1]) }
    }

    @Test(arguments: ["wide-resnet-10-1", "resnet18", "inception-v3"])
    func aNetworkThatTakesMeansKeepsItsWeights(name: String) throws {
        let network = try Zoo.model(named: name).network()
        let side = network.inputShape[0]
        let other = try network.taking([side + 16, side + 32, 3])
        #expect(other.inputShape == [side + 16, side + 32, 3])
        #expect(other.parameters == network.parameters && other.outputShape == network.outputShape)
        #expect(other.name == network.name)
        #expect(try other.taking(network.inputShape) == network)
        #expect(try network.taking(network.inputShape) == network)
    }

    @Test func aDenseLayerThatSeesTheWholeImageDoesNot() throws {
        let network = try Zoo.model(named: "vgg11").network()
        let error = #expect(throws: NetworkError.self) { try network.taking([160, 160, 3]) }
        #expect(error?.layer == "fc1" && error?.reason.contains("mean of each channel") == true)
    }

    @Test func anImageThatIsTooSmall() throws {
        let network = try Zoo.model(named: "cifar-fast-net").network()
        let error = #expect(throws: NetworkError.self) { try network.taking([16, 16, 3]) }
        #expect(error?.layer != nil && error?.reason.contains("16x16x3") == true)
    }
}
