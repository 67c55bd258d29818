import Basics
import Models
import ModelZoo
import Testing

@Suite struct ZooTests {
    @Test(arguments: [
        ("mlp", 669_706), ("simple-cnn", 72_906), ("simple-cnn-dropout", 72_906), ("lenet5", 61_706),
        ("lenet5-1998", 60_840),
        ("lenet5-keras", 44_426), ("resnet-cifar-20-v1", 274_442), ("resnet-cifar-32-v1", 470_218),
        ("resnet-cifar-44-v1", 665_994), ("resnet-cifar-56-v1", 861_770), ("resnet-cifar-110-v1", 1_742_762),
        ("resnet-cifar-1202-v1", 19_558_378), ("resnet18", 11_699_112), ("resnet34", 21_814_696),
        ("resnet50", 25_636_712), ("resnet50-v1.5", 25_636_712), ("resnet101", 44_707_176),
        ("resnet152", 60_419_944), ("resnext50-32x4d", 25_028_904 + 68_224), ("densenet121", 8_062_504),
        ("mobilenet-v2", 3_538_984), ("efficientnet-b0", 5_330_571 - 7), ("mobilenet-v2-torch", 3_538_984),
        ("convnext-tiny", 28_589_128),
    ])
    func parameterCount(name: String, expected: Int) throws {
        #expect(try Zoo.model(named: name).network().parameterCount == expected)
    }

    @Test func everyModelFitsItsOwnInputAndClasses() throws {
        for model in Zoo.models {
            let network = try model.network()
            #expect(network.inputShape == model.input, "\(model.name)")
            #expect(network.outputShape == [model.classes], "\(model.name)")
        }
    }

    @Test func batchStatisticsAreNotTrainable() throws {
        let network = try Zoo.model(named: "resnet-cifar-20-v1").network()
        let statistics = network.parameters.filter { $0.specification.role == .statistic }
        #expect(statistics.reduce(0) { $0 + $1.specification.shape.count } == 1_376)
        #expect(network.trainableParameterCount == 273_066)
    }

    @Test(arguments: [
        ("resnet18", 11_689_512), ("resnet34", 21_797_672), ("resnet50", 25_583_592),
        ("resnext50-32x4d", 25_028_904), ("densenet121", 7_978_856), ("mobilenet-v2", 3_504_872),
        ("efficientnet-b0", 5_288_548), ("mobilenet-v2-torch", 3_504_872), ("efficientnet-b0-torch", 5_288_548),
        ("convnext-tiny", 28_589_128),
    ])
    func trainableParameterCount(name: String, expected: Int) throws {
        #expect(try Zoo.model(named: name).network().trainableParameterCount == expected)
    }

    /// Table 1 of the paper.
    @Test(arguments: ["resnet18", "resnet34", "resnet50", "resnet50-v1.5"])
    func resolutionsOfResidualStacks(name: String) throws {
        let network = try Zoo.model(named: name).network()
        let layers = ["conv1_relu", "pool1_pool"] + (2...5).map { "conv\($0)_block2_out" }
        let sizes = layers.map { layer in
            network.nodes.firstIndex { $0.name == layer }.map { network.shapes[$0][0] }
        }
        #expect(sizes == [112, 56, 56, 28, 14, 7])
    }

    /// 4.1 billion multiply-adds where the 3x3 convolution strides, 3.8 (the paper's figure) where the 1x1 does, and 10.6
    /// million biases (of v1.5 more pixels have them).
    @Test func multiplyAddsOfResNet() throws {
        let counts = try ["resnet18", "resnet50", "resnet50-v1.5"].map {
            try Zoo.model(named: $0).network().multiplyAdds
        }
        #expect(counts == [1_814_073_344, 3_857_973_248 + 10_587_136, 4_089_184_256 + 11_113_984])
    }

    @Test func residualNetworksTakeImagesOfOtherSizes() throws {
        let options = ModelOptions(classes: 10, input: [64, 48, 3])
        let network = try Zoo.model(named: "resnet50").network(options)
        #expect(network.outputShape == [10] && network.inputShape == [64, 48, 3])
        #expect(network.parameterCount == 23_587_712 + 2_048 * 10 + 10)
        #expect(throws: NetworkError.self) { try Zoo.model(named: "resnet50").network(ModelOptions(input: [784])) }
    }

    /// Table I and section II.B of the paper: 60,000 trainable parameters, 340,908 connections. A unit is connected to each
    /// of its inputs and to its bias; the units of the output have no bias.
    @Test func lenetOf1998() throws {
        let network = try Zoo.model(named: "lenet5-1998").network()
        #expect(network.trainableParameterCount == 60_000)
        var parameters: [String: Int] = [:]
        for parameter in network.parameters {
            parameters[network.nodes[parameter.node].name, default: 0] += parameter.specification.shape.count
        }
        #expect(
            parameters == [
                "c1": 156, "s2": 12, "c3": 1_516, "s4": 32, "c5": 48_120, "f6": 10_164, "output": 840,
            ])
        let connections = network.nodes.indices.map { index in
            let (layer, units) = (network.nodes[index].layer, network.shapes[index].count)
            let products = layer.description.multiplyAdds(for: network.inputShapes(of: index))
            return switch layer {
            case .partialConvolution, .dense: products + units
            case .subsampling(let layer): units * (layer.window.size.count + 1)
            default: products
            }
        }
        #expect(connections == [0, 122_304, 5_880, 151_600, 2_000, 48_120, 0, 10_164, 840])
        #expect(connections.reduce(0, +) == 340_908)
        #expect(network.decision == .smallest)
    }

    /// The codes of the digits are drawings in ink and paper, and no two are alike.
    @Test func codesOfDigits() throws {
        let network = try Zoo.model(named: "lenet5-1998").network()
        let codes = try #require(network.parameters.last).specification
        var values = [Float](repeating: 0, count: 840)
        values.withUnsafeMutableBufferPointer { codes.initializer.fill($0, shape: codes.shape, seed: 1, index: 9) }
        #expect(codes.role == .frozen && codes.shape == [10, 84] && Set(values) == [-1, 1])
        let rows = (0..<10).map { values[$0 * 84..<($0 + 1) * 84] }
        for (i, a) in rows.enumerated() {
            for b in rows[..<i] { #expect(zip(a, b).count { $0 != $1 } >= 8) }
        }
    }

    @Test func unknownNamesAreToldWhatIsNear() {
        for name in ["lenet6", "lenet5-kears"] {
            let error = #expect(throws: NetworkError.self) { try Zoo.model(named: name) }
            #expect(error?.description.contains("lenet5-keras") == true, "\(name): \(error?.description ?? "")")
        }
        #expect(throws: NetworkError.self) { try Zoo.model(named: "resnet-cifar-21-v1") }
    }

    @Test func lenetPadsSmallImagesAndRefusesOthers() throws {
        let model = try Zoo.model(named: "lenet5")
        #expect(try model.network(ModelOptions(input: [28, 28, 1])).parameterCount == 61_706)
        let error = #expect(throws: NetworkError.self) { try model.network(ModelOptions(input: [30, 30, 1])) }
        #expect(error?.description.contains("30x30x1") == true)
    }

    @Test func regressionHasTheWidthsAskedFor() throws {
        let network = try Zoo.model(named: "ann-regression").network(ModelOptions(input: [5], hiddenUnits: [7, 3]))
        #expect(network.parameterCount == 5 * 7 + 7 + 7 * 3 + 3 + 3 + 1)
    }
}
