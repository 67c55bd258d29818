import Basics
import HDF5Storage
import Interchange
import ModelZoo
import Models
import TestSupport
import Testing

/// Which layers of a network `--init-from` gives which weights.
@Suite struct LayerStartTests {
    /// Dense layers on a vector of 4, all 4x4 but the last one.
    private func chain(_ names: [String], classes: Int = 3) throws -> Network {
        var graph = GraphBuilder("chain", input: [4])
        var x = graph.input
        for name in names.dropLast() { x = graph.dense(x, 4, name: name) }
        _ = graph.dense(x, classes, name: names[names.count - 1])
        return try graph.network()
    }

    /// A file of a network's weights: all values of layer n are n + 1.
    private func file(of network: Network) throws -> KerasWeightsFile {
        let file = try HDF5File.createInMemory(label: "test")
        let values = network.parameters.map { parameter in
            [Float](repeating: Float(parameter.node), count: parameter.specification.shape.count)
        }
        try KerasFile.writeWeights(values, of: network, to: file.root)
        return try KerasWeightsFile(file.image(), path: "test.h5")
    }

    /// The value that each layer starts from, 0 for a new one.
    private func started(
        _ network: Network, from file: KerasWeightsFile, by match: LayerMatch? = nil
    ) throws -> (values: [Float], start: LayerStart) {
        let fresh = network.parameters.map { [Float](repeating: 0, count: $0.specification.shape.count) }
        let start = try file.start(fresh, of: network, by: match)
        let kernels = zip(network.parameters, start.weights).filter { $0.0.specification.isKernel }
        return (kernels.map { $0.1[0] }, start)
    }

    /// The second layer of the file is called as the first of the network, and the other way round.
    @Test func namesInAnotherOrderAreRefused() throws {
        let file = try file(of: chain(["a", "b", "c", "top"]))
        let swapped = try chain(["b", "a", "c", "top"])
        let error = #expect(throws: FileError.self) { try started(swapped, from: file) }
        #expect(error?.description.contains("layer a comes after b in the model, but before it in the file") == true)
        #expect(try started(swapped, from: file, by: .name).values == [2, 1, 3, 4])
        #expect(try started(swapped, from: file, by: .order).values == [1, 2, 3, 4])
    }

    /// Keras numbers automatic names through a session: the fourth dense layer of one model is the first of another.
    @Test func automaticNamesOfAnotherSessionAreRefused() throws {
        let file = try file(of: chain(["dense_1", "dense_2", "dense_3", "dense_4"]))
        let network = try chain(["dense", "dense_1", "dense_2", "dense_3"])
        let error = #expect(throws: FileError.self) { try started(network, from: file) }
        #expect(error?.description.contains("begin with dense_1, those of the model with dense") == true)
        #expect(try started(network, from: file, by: .order).values == [1, 2, 3, 4])
    }

    /// Branches have no order among each other: a file may list them as it likes.
    @Test func branchesMayBeListedInAnyOrder() throws {
        func network(_ first: String, _ second: String) throws -> Network {
            var graph = GraphBuilder("branches", input: [4])
            let x = graph.dense(graph.input, 4, name: "stem")
            let sides = [graph.dense(x, 4, name: first), graph.dense(x, 4, name: second)]
            _ = graph.dense(graph.sum(sides[0], sides[1]), 3, name: "top")
            return try graph.network()
        }
        let file = try file(of: network("left", "right"))
        #expect(try started(network("right", "left"), from: file).values == [1, 3, 2, 5])
    }

    /// By order as far as shapes fit; by shape also beyond a layer that the file lacks.
    @Test func orderAndShape() throws {
        let file = try file(of: chain(["a", "b", "top"]))
        let wider = try chain(["x", "y", "z"], classes: 5)
        let byOrder = try started(wider, from: file, by: .order)
        #expect(byOrder.values == [1, 2, 0])
        #expect(byOrder.start.rows.map(\.source) == ["a", "b", nil])
        #expect(byOrder.start.unused == ["top"])
        var graph = GraphBuilder("deeper", input: [4])
        let x = graph.dense(graph.dense(graph.input, 6, name: "new"), 4, name: "new2")
        _ = graph.dense(graph.dense(graph.dense(x, 4), 4), 3)
        let deeper = try graph.network()
        #expect(try started(deeper, from: file, by: .shape).values == [0, 0, 1, 2, 3])
        #expect(throws: FileError.self) { try started(deeper, from: file, by: .order) }
    }

    @Test func theTableTellsWhereEachLayerIsFrom() throws {
        let file = try file(of: chain(["a", "b", "top"]))
        let lines = try started(chain(["a", "other", "top"], classes: 5), from: file).start.lines
        #expect(lines[0] == "1 of 3 layers from test.h5, by name")
        let expected = [
            ["a", "a", "by name"], ["other", "-", "new: the file has no such layer"],
            ["top", "-", "new: the file's is 4x3, 3, not 4x5, 5"],
        ]
        for cells in expected {
            #expect(lines.contains { line in cells.allSatisfy(line.contains) }, "\(cells) in \(lines)")
        }
        #expect(lines.last == "not used of the file: b, top")
    }

    /// A model inside a model: its layers are found in both forms.
    @Test(arguments: ["nested-3.weights.h5", "nested-3.h5"], [LayerMatch?.none, .name, .order, .shape])
    func layersOfAnInnerModel(name: String, match: LayerMatch?) throws {
        var graph = GraphBuilder("flat", input: [6, 6, 1])
        let x = graph.convolution(graph.input, 2, kernel: 3, name: "c1")
        _ = graph.dense(graph.flatten(graph.batchNormalization(x, name: "b1")), 3, name: "head")
        let network = try graph.network()
        let file = try KerasWeightsFile(CheckpointFixture.golden(name))
        let fresh = network.parameters.map { [Float](repeating: -1, count: $0.specification.shape.count) }
        let start = try file.start(fresh, of: network, by: match)
        #expect(start.weights.map { $0[0] } == [0, 1, 2, 3, 4, 5, 6, 7])
        #expect(start.rows.allSatisfy { $0.source != nil } && start.unused.isEmpty)
    }

    /// Networks of keras.applications are known by their layers, and so is the preprocessing of their pretrained weights.
    @Test(arguments: [
        ("vgg16", "caffe"), ("resnet50", "caffe"), ("resnet101-v2", "tf"), ("inception-v3", "tf"),
        ("inception-resnet-v2", "tf"), ("lenet5", nil), ("vgg16-c", "caffe"), ("googlenet", nil),
        ("efficientnet-b0", "torch"), ("mobilenet-v2", "tf"), ("densenet121", "torch"),
    ])
    func preprocessingOfPretrainedWeights(model: String, normalization: String?) throws {
        let network = try Zoo.model(named: model).network()
        let layers = Set(network.parameters.map(\.node)).map { network.nodes[$0].name }
        #expect(PretrainedWeights(layers: layers)?.normalization == normalization)
    }
}
