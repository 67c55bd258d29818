import Basics
import Models
import ModelZoo
import Testing

/// Counts of the zoo's networks before Inception: Keras's where Keras has the network, else the paper's table added up.
@Suite struct ClassicZooTests {
    @Test(arguments: [
        ("cnn-tutorial", 122_570), ("cats-dogs", 3_453_121), ("alexnet", 62_378_344), ("alexnet-bn", 28_096_769),
        ("zfnet", 62_357_608), ("zfnet-wide", 107_627_624), ("vgg11", 132_863_336), ("vgg11-lrn", 132_863_336),
        ("vgg13", 133_047_848), ("vgg16-c", 133_638_952), ("vgg16", 138_357_544), ("vgg19", 143_667_240),
        ("vgg19-bn", 143_689_256), ("plain18", 11_523_496), ("plain34", 21_639_080), ("resnet50-v2", 25_613_800),
        ("resnet101-v2", 44_675_560), ("resnet152-v2", 60_380_648), ("resnet-cifar-20-v2", 574_090),
        ("wide-resnet-28-10", 36_497_146), ("wide-resnet-40-4", 8_959_994), ("wide-resnet-16-8", 10_968_570),
        ("resnet-cifar-29-v2", 849_002), ("resnet-cifar-56-v2", 1_673_738), ("resnet-cifar-110-v2", 3_323_210),
        ("plain-cifar-20", 271_786), ("plain-cifar-56", 859_114), ("vgg16-transfer", 14_714_688 + 2 * 25_089),
        ("resnet50-transfer", 23_591_810), ("resnet50-cifar100", 24_138_980),
    ])
    func parameterCount(name: String, expected: Int) throws {
        #expect(try Zoo.model(named: name).network().parameterCount == expected)
    }

    @Test(arguments: [
        ("vgg16-transfer", 50_178), ("resnet50-transfer", 4_098), ("resnet50-cifar100", 603_876),
        ("resnet50-v2", 25_613_800 - 2 * 22_720),
    ])
    func trainableParameterCount(name: String, expected: Int) throws {
        #expect(try Zoo.model(named: name).network().trainableParameterCount == expected)
    }

    @Test(arguments: [
        ("vgg16", 14_714_688), ("vgg19", 20_024_384), ("resnet50", 23_587_712), ("resnet101", 42_658_176),
        ("resnet152", 58_370_944), ("resnet50-v2", 23_564_800), ("resnet101-v2", 42_626_560),
        ("resnet152-v2", 58_331_648),
    ])
    func parameterCountWithoutTop(name: String, expected: Int) throws {
        var options = ModelOptions()
        options.includesTop = false
        let network = try Zoo.model(named: name).network(options)
        #expect(network.parameterCount == expected)
        #expect(network.outputShape == [7, 7, name.hasPrefix("vgg") ? 512 : 2048])
    }

    /// A 3x3 convolution of the table has 9 · in · out weights and out biases.
    private func convolution(_ input: Int, _ output: Int) -> Int { 9 * input * output + output }

    /// 32x32 becomes 30, 28, pooled 14, 12, pooled 6.
    @Test func classicNetworksByTable() throws {
        let classic = convolution(3, 32) + convolution(32, 32) + convolution(32, 64) + 6 * 6 * 64 * 10 + 10
        #expect(try Zoo.model(named: "classic-cnn").network().parameterCount == classic)
        #expect(classic == 51_690)
        // 32x32 becomes 30, pooled 15, 13, pooled 6.
        let boat = convolution(3, 3) + convolution(3, 6) + 6 * 6 * 6 * 4 + 4
        #expect(try Zoo.model(named: "classic-cnn-boat").network().parameterCount == boat)
        #expect(boat == 1_120)
    }

    /// One convolution of 64 filters, then so many in each of four stages, each with the four numbers a filter of its
    /// normalisation; the dense layer is the last of the 18 or 34.
    @Test(arguments: [("vgg-cifar-18", [4, 4, 4, 4], 11_011_850), ("vgg-cifar-34", [6, 8, 12, 6], 21_131_146)])
    func plainNetworksForCIFARByTable(name: String, stages: [Int], expected: Int) throws {
        var (count, channels) = (convolution(3, 64) + 4 * 64, 64)
        for (filters, layers) in zip([64, 128, 256, 512], stages) {
            for _ in 0..<layers {
                count += convolution(channels, filters) + 4 * filters
                channels = filters
            }
        }
        count += 512 * 10 + 10
        let network = try Zoo.model(named: name).network()
        #expect(network.parameterCount == count && count == expected, "\(count)")
        let layers = network.nodes.count {
            switch $0.layer {
            case .convolution, .dense: true
            default: false
            }
        }
        #expect("vgg-cifar-\(layers)" == name)
    }

    /// Identity shortcuts have no parameters: what remains is the plain network.
    @Test(arguments: [
        ("resnet18", "plain18"), ("resnet34", "plain34"), ("resnet-cifar-20-v1", "plain-cifar-20"),
        ("resnet-cifar-56-v1", "plain-cifar-56"),
    ])
    func identityShortcuts(residual: String, plain: String) throws {
        var options = ModelOptions()
        options.shortcut = .identity
        let network = try Zoo.model(named: residual).network(options)
        #expect(try network.parameterCount == Zoo.model(named: plain).network().parameterCount)
        let shortcuts = network.nodes.filter { if case .identityShortcut = $0.layer { true } else { false } }
        #expect(shortcuts.count == (residual.hasPrefix("resnet-cifar") ? 2 : 3))
        options.shortcut = .projection
        #expect(try Zoo.model(named: residual).network(options) == Zoo.model(named: residual).network())
        #expect(throws: NetworkError.self) { try Zoo.model(named: plain).network(options) }
    }

    /// The table of AlexNet's cost: convolutions with biases 1,077,284,224, dense layers without 58,621,952.
    @Test func multiplyAddsOfAlexNet() throws {
        #expect(try Zoo.model(named: "alexnet").network().multiplyAdds == 1_135_906_176)
    }

    /// 110, 55, 26, 13 and 6 pixels, as in the paper's figure 3.
    @Test(arguments: ["zfnet", "zfnet-wide"])
    func resolutionsOfZFNet(name: String) throws {
        let network = try Zoo.model(named: name).network()
        let sizes = ["conv1", "pool1", "conv2", "pool2", "conv5", "pool5"].map { layer in
            network.nodes.firstIndex { $0.name == layer }.map { network.shapes[$0][0] }
        }
        #expect(sizes == [110, 55, 26, 13, 13, 6])
    }

    /// Small numbers of introductions: 3072 inputs and 10 outputs, 3x3 and 5x5 windows, and what becomes of image sizes.
    @Test func smallNumbers() throws {
        func network(_ input: Shape, _ add: (inout GraphBuilder) -> Void) throws -> Network {
            var graph = GraphBuilder("small", input: input)
            add(&graph)
            return try graph.network()
        }
        #expect(try network([3072]) { _ = $0.dense($0.input, 10) }.parameterCount == 30_730)
        #expect(try network([32, 32, 1]) { _ = $0.convolution($0.input, 10, kernel: 3) }.parameterCount == 100)
        #expect(try network([32, 32, 1]) { _ = $0.convolution($0.input, 6, kernel: 5) }.parameterCount == 156)
        #expect(try network([39, 39, 3]) { _ = $0.convolution($0.input, 10, kernel: 3) }.outputShape == [37, 37, 10])
        let image = try network([32, 32, 3]) {
            let x = $0.convolution($0.input, 10, kernel: 3)
            _ = $0.convolution(x, 10, kernel: 3)
        }
        #expect(Array(image.shapes.dropFirst()) == [[30, 30, 10], [28, 28, 10]])
    }

    @Test func depthsByName() throws {
        #expect(try Zoo.model(named: "resnet-cifar-164-v2").network().name == "resnet-cifar-164-v2")
        #expect(try Zoo.model(named: "plain-cifar-32").network().name == "plain-cifar-32")
        for name in ["resnet-cifar-21-v2", "plain-cifar-21", "plain-cifar-20-v1"] {
            #expect(throws: NetworkError.self) { try Zoo.model(named: name) }
        }
    }

    /// Names under which keras.applications keeps its weights.
    @Test func namesOfKeras() throws {
        let vgg = try Zoo.model(named: "vgg16").network().parameters.map(\.path)
        #expect(vgg.first == "block1_conv1/kernel" && vgg.contains("fc2/bias") && vgg.last == "predictions/bias")
        let resnet = try Zoo.model(named: "resnet50-v2").network().parameters.map(\.path)
        for path in [
            "conv1_conv/bias", "conv2_block1_preact_bn/gamma", "conv2_block1_0_conv/bias", "conv2_block1_1_conv/kernel",
            "conv5_block3_3_conv/bias", "post_bn/beta", "predictions/kernel",
        ] {
            #expect(resnet.contains(path), "\(path)")
        }
        #expect(!resnet.contains("conv2_block1_1_conv/bias"))
    }

    /// The first four convolutions and the dense layers of network A fit all deeper ones.
    @Test(arguments: ["vgg13", "vgg16-c", "vgg16", "vgg19"])
    func layersFromNetworkA(name: String) throws {
        let model = try Zoo.model(named: name)
        func shapes(_ network: Network, _ layer: String) -> [Shape] {
            let node = network.nodes.firstIndex { $0.name == layer }
            return network.parameters.filter { $0.node == node }.map(\.specification.shape)
        }
        let (shallow, deep) = (try Zoo.model(named: "vgg11").network(), try model.network())
        let layers = try #require(model.layersFromShallower)
        let convolutions = shallow.nodes.filter { if case .convolution = $0.layer { true } else { false } }.map(\.name)
        #expect(layers == Set(convolutions.prefix(4) + ["fc1", "fc2", "predictions"]))
        for layer in layers { #expect(shapes(shallow, layer) == shapes(deep, layer) && !shapes(deep, layer).isEmpty) }
    }

    @Test func dropoutOfAllLayers() throws {
        var options = ModelOptions()
        options.dropout = 0.25
        let network = try Zoo.model(named: "vgg16").network(options)
        let rates = network.nodes.compactMap { if case .dropout(let layer) = $0.layer { layer.rate } else { nil } }
        #expect(rates == [0.25, 0.25])
        options.dropout = 1
        #expect(throws: NetworkError.self) { try Zoo.model(named: "vgg16").network(options) }
    }

    @Test func optionsThatAModelLacks() {
        var options = ModelOptions()
        options.includesTop = false
        let error = #expect(throws: NetworkError.self) { try Zoo.model(named: "mlp").network(options) }
        #expect(error?.description == "model mlp: it has no option --no-top")
    }

    @Test func sizesOfSamples() throws {
        let image: Shape = [224, 224, 3]
        #expect(InputSize("64")?.shape(like: image) == [64, 64, 3])
        #expect(InputSize("64x48")?.shape(like: image) == [64, 48, 3])
        #expect(InputSize("64x48x1")?.shape(like: image) == [64, 48, 1])
        #expect(InputSize("12")?.shape(like: [8]) == [12])
        for text in ["", "0", "64x", "64xx3", "1x2x3x4", "-3"] { #expect(InputSize(text) == nil, "\(text)") }
    }

    /// What an image becomes too small for names its layer and the shapes.
    @Test func imagesThatAreTooSmall() {
        let error = #expect(throws: NetworkError.self) {
            try Zoo.model(named: "vgg16").network(ModelOptions(input: [16, 16, 3]))
        }
        #expect(error?.layer == "block5_pool" && error?.reason.contains("1x1x512") == true)
    }
}
