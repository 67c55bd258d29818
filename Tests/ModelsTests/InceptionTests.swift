import Basics
import Models
import ModelZoo
import Testing

@Suite struct InceptionTests {
    /// Totals as Keras counts them, and the trainable part. In the order of this table: the arithmetic of table 1; the
    /// same with the heads of section 5, 3,188,840 and 3,190,888; see `naiveModules`; the table with branches as they
    /// are, and without 10,016 biases; keras.applications; the same with a head of 3,327,592; the published count of
    /// the authors' program, 42,679,816, and 63,168 statistics; the figures' arithmetic; keras.applications; the
    /// figures' arithmetic.
    @Test(arguments: [
        ("googlenet", 6_998_552, 6_998_552), ("googlenet-auxiliary", 13_378_280, 13_378_280),
        ("googlenet-naive", 97_526_008, 97_526_008), ("bn-inception", 11_315_272, 11_295_240),
        ("bn-inception-unbiased", 11_305_256, 11_285_224), ("inception-v3", 23_851_784, 23_817_352),
        ("inception-v3-auxiliary", 27_179_376, 27_143_152), ("inception-v4", 42_742_984, 42_679_816),
        ("inception-resnet-v1", 22_783_368, 22_756_328), ("inception-resnet-v2", 55_873_736, 55_813_192),
        ("inception-resnet-v2-paper", 32_466_792, 32_433_928),
    ])
    func parameterCount(name: String, total: Int, trainable: Int) throws {
        let network = try Zoo.model(named: name).network()
        #expect(network.parameterCount == total)
        #expect(network.trainableParameterCount == trainable)
    }

    @Test(arguments: [("googlenet", 6_998_552), ("inception-v3", 23_851_784)])
    func evaluationLeavesAuxiliaryClassifiersOut(name: String, expected: Int) throws {
        let (main, training) = try (
            Zoo.model(named: name).network(), Zoo.model(named: "\(name)-auxiliary").network()
        )
        #expect(training.outputParameterCount == expected)
        #expect(try training.withoutAuxiliaryOutputs().nodes == main.nodes)
        #expect(training.auxiliaryOutputs.map(\.weight) == (name == "googlenet" ? [0.3, 0.3] : [0.4]))
    }

    /// Without reductions, a module on c channels with a 1x1, b 3x3 and d 5x5 filters has c (a + 9 b + 25 d) kernel
    /// elements and a + b + d biases, and hands on c + a + b + d channels. The stem has 7·7·3·64 + 64 + 64·64 + 64 +
    /// 9·64·192 + 192 = 124,416 parameters, the classifier 4,944 · 1,000 + 1,000 = 4,945,000, and the modules 387,296,
    /// 1,770,912; 2,716,096, 4,833,728, 6,967,744, 9,365,968, 16,727,744; 21,188,288, 28,498,816: 97,526,008 in all.
    @Test func naiveModules() throws {
        let table = [
            (64, 128, 32), (128, 192, 96), (192, 208, 48), (160, 224, 64), (128, 256, 64), (112, 288, 64),
            (256, 320, 128), (256, 320, 128), (384, 384, 128),
        ]
        var (channels, count) = (192, 124_416)
        for (a, b, d) in table {
            count += channels * (a + 9 * b + 25 * d) + a + b + d
            channels += a + b + d
        }
        #expect(channels == 4_944)
        #expect(try Zoo.model(named: "googlenet-naive").network().parameterCount == count + channels * 1_000 + 1_000)
    }

    /// Of one sample: the papers say 1.5 billion for GoogLeNet and 5 for Inception-v3 (5.7 of the published program).
    @Test(arguments: [
        ("googlenet", 1.4e9...1.6e9), ("bn-inception", 1.9e9...2.1e9), ("inception-v3", 5.6e9...5.8e9),
        ("inception-v4", 12.2e9...12.4e9), ("inception-resnet-v2", 13.0e9...13.3e9),
    ])
    func multiplyAdds(name: String, expected: ClosedRange<Double>) throws {
        #expect(expected.contains(Double(try Zoo.model(named: name).network().multiplyAdds)))
    }

    /// The papers' sizes.
    @Test(arguments: [
        ("googlenet", ["conv2_2", "inception_3b", "inception_4e", "inception_5b"], [56, 28, 14, 7]),
        ("bn-inception", ["conv2_2_ac", "inception_3b", "inception_4d", "inception_5b"], [56, 28, 14, 7]),
        ("inception-v3", ["mixed2", "mixed7", "mixed10"], [35, 17, 8]),
        ("inception-v4", ["stem_c", "inception_b7", "inception_c3"], [35, 17, 8]),
        ("inception-resnet-v1", ["block35_5_ac", "block17_10_ac", "block8_5_ac"], [35, 17, 8]),
        ("inception-resnet-v2", ["mixed_5b", "block17_20_ac", "conv_7b_ac"], [35, 17, 8]),
        ("inception-resnet-v2-paper", ["stem_c", "mixed_6a", "mixed_7a"], [35, 17, 8]),
    ])
    func resolutions(name: String, layers: [String], expected: [Int]) throws {
        let network = try Zoo.model(named: name).network()
        let sizes = layers.map { layer in
            network.nodes.firstIndex { $0.name == layer }.map { network.shapes[$0][0] }
        }
        #expect(sizes == expected)
    }

    /// Small images shrink the windows of auxiliary classifiers; too small ones name the layer and its input.
    @Test func otherSizesAndClasses() throws {
        for name in ["googlenet-auxiliary", "bn-inception"] {
            let network = try Zoo.model(named: name).network(ModelOptions(classes: 10, input: [32, 48, 3]))
            #expect(network.outputShape == [10])
        }
        for name in ["inception-v3-auxiliary", "inception-v4", "inception-resnet-v2"] {
            let model = try Zoo.model(named: name)
            #expect(try model.network(ModelOptions(classes: 7, input: [75, 91, 1])).outputShape == [7])
            let error = #expect(throws: NetworkError.self) { try model.network(ModelOptions(input: [40, 40, 3])) }
            #expect(error?.layer != nil && error?.description.contains("window is larger than its input") == true)
            #expect(throws: NetworkError.self) { try model.network(ModelOptions(input: [784])) }
        }
    }

    @Test func smoothedLabelsOfInceptionV3() throws {
        #expect(try Zoo.model(named: "inception-v3").loss == Loss(.categoricalCrossEntropy, labelSmoothing: 0.1))
    }

    /// As keras.applications counts and names: the first and last normalised convolution, and the classifier.
    @Test func layersOfKerasApplications() throws {
        let v3 = try Zoo.model(named: "inception-v3").network()
        let names = Set(v3.nodes.map(\.name))
        let ofV3 = ["conv2d", "conv2d_93", "batch_normalization_93", "activation_93", "mixed9_1", "concatenate_1"]
        #expect(names.isSuperset(of: ofV3 + ["max_pooling2d_3", "average_pooling2d_8", "mixed10", "predictions"]))
        #expect(!names.contains("conv2d_94") && !names.contains("concatenate_2"))
        let v2 = try Zoo.model(named: "inception-resnet-v2").network()
        let named = Set(v2.nodes.map(\.name))
        #expect(
            named.isSuperset(of: [
                "conv2d_202", "custom_scale_layer_39", "block35_10_ac", "block17_20_mixed", "block8_10_conv", "conv_7b",
                "conv_7b_bn", "conv_7b_ac",
            ]))
        #expect(!named.contains("conv2d_203") && !named.contains("block8_10_ac"))
    }
}
