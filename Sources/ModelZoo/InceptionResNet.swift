import Basics
import Models

/// Szegedy, Ioffe, Vanhoucke and Alemi, "Inception-v4, Inception-ResNet and the impact of residual connections on
/// learning", 2016.
///
///     layer         output   v1 (figures 10 to 14)   v2 of the paper (3, 16 to 19)   v2 of keras.applications
///     stem          35x35    256                     384                             320, with a module
///     A             35x35    5 times                 5 times                         10 times
///     reduction A   17x17    896                     1152                            1088
///     B             17x17    10 times                10 times                        20 times
///     reduction B   8x8      1792                    2144                            2080
///     C             8x8      5 times                 5 times                         10 times, then 1x1, 1536
///                   1x1      mean, dropout 0.2       mean, dropout 0.2               mean
///                            dense, softmax
///
/// Each block adds to its input a 1x1 convolution of its branches that has a bias, no normalisation and no ReLU, scaled
/// by 0.17, 0.1 and 0.2 in A, B and C: keras.applications's choice from the 0.1 to 0.3 of section 3.3.
///
/// For v2 the paper's figures 17 and 19 say 1154 and 2048 channels, which do not fit what the reductions join: 1152 and
/// 2144 do.
enum InceptionResNet: String, CaseIterable {
    case version1 = "inception-resnet-v1"
    /// The network that was published as a program, with the layers, names and order of keras.applications, so that its
    /// weights load.
    case version2 = "inception-resnet-v2"
    case version2OfPaper = "inception-resnet-v2-paper"

    static let models = allCases.map(\.model)

    private var model: ZooModel {
        let source =
            switch self {
            case .version1: "Szegedy et al. 2016, figures 10 to 14"
            case .version2: "Szegedy et al. 2016, as keras.applications"
            case .version2OfPaper: "Szegedy et al. 2016, figures 3 and 15 to 19"
            }
        return ZooModel(
            name: rawValue, source: source, input: [299, 299, 3], classes: 1000, loss: .sparseCategoricalCrossEntropy,
            variations: [.top]
        ) { (input, classes, options) throws(NetworkError) in
            try network(input: input, classes: classes, includesTop: options.includesTop)
        }
    }

    func network(input: Shape, classes: Int, includesTop: Bool = true) throws(NetworkError) -> Network {
        let isOfKeras = self == .version2
        var builder = InceptionBuilder(
            rawValue, input: input, style: .normalized(bias: false, scale: !isOfKeras), namesSteps: !isOfKeras)
        var x = stem(&builder)
        let counts = isOfKeras ? (a: 10, b: 20, c: 10) : (a: 5, b: 10, c: 5)
        for number in 1...counts.a {
            x = builder.residual(x, blockA, filters: widths.a, scale: 0.17, name: "block35_\(number)")
        }
        x = builder.module(x, reductionA, name: "mixed_6a")
        for number in 1...counts.b {
            x = builder.residual(x, blockB, filters: widths.b, scale: 0.1, name: "block17_\(number)")
        }
        x = builder.module(x, reductionB, name: "mixed_7a")
        for number in 1...counts.c {
            // Keras's last block is a plain sum.
            let isPlain = isOfKeras && number == counts.c
            x = builder.residual(
                x, blockC, filters: widths.c, scale: isPlain ? 1 : 0.2, name: "block8_\(number)", rectified: !isPlain)
        }
        if isOfKeras { x = builder.convolution(x, 1536, kernel: 1, name: "conv_7b") }
        if includesTop { builder.top(x, classes: classes, dropout: isOfKeras ? nil : 0.2) }
        return try builder.graph.network()
    }

    private typealias Branch = InceptionBuilder.Branch

    private var widths: (a: Int, b: Int, c: Int) {
        switch self {
        case .version1: (256, 896, 1792)
        case .version2: (320, 1088, 2080)
        case .version2OfPaper: (384, 1152, 2144)
        }
    }

    private func stem(_ builder: inout InceptionBuilder) -> InceptionBuilder.Tensor {
        switch self {
        case .version1:
            let steps: Branch = [
                .conv(32, 3, stride: 2, .valid), .conv(32, 3, .valid), .conv(64, 3),
                .maxPooling(stride: 2, padding: .valid), .conv(80, 1), .conv(192, 3, .valid),
                .conv(256, 3, stride: 2, .valid),
            ]
            return builder.walk(builder.graph.input, steps, name: "stem")
        case .version2:
            let x = builder.walk(builder.graph.input, InceptionV3.stem)
            let branches: [Branch] = [
                [.conv(96, 1)],
                [.conv(48, 1), .conv(64, 5)],
                [.conv(64, 1), .conv(96, 3), .conv(96, 3)],
                [.averagePooling, .conv(64, 1)],
            ]
            return builder.module(x, branches, name: "mixed_5b")
        case .version2OfPaper: return builder.stemOfV4()
        }
    }

    /// Figures 10 and 16.
    private var blockA: [Branch] {
        let (second, third) = self == .version1 ? (32, 32) : (48, 64)
        return [[.conv(32, 1)], [.conv(32, 1), .conv(32, 3)], [.conv(32, 1), .conv(second, 3), .conv(third, 3)]]
    }

    /// Figures 11 and 17.
    private var blockB: [Branch] {
        let (first, second, third) = self == .version1 ? (128, 128, 128) : (192, 160, 192)
        return [[.conv(first, 1)], [.conv(128, 1), .conv(second, 1, 7), .conv(third, 7, 1)]]
    }

    /// Figures 13 and 19.
    private var blockC: [Branch] {
        let (second, third) = self == .version1 ? (192, 192) : (224, 256)
        return [[.conv(192, 1)], [.conv(192, 1), .conv(second, 1, 3), .conv(third, 3, 1)]]
    }

    /// Figure 7 with the letters of table 1.
    private var reductionA: [Branch] {
        self == .version1
            ? InceptionBuilder.reductionA(192, 192, 256, 384) : InceptionBuilder.reductionA(256, 256, 384, 384)
    }

    /// Figures 12 and 18.
    private var reductionB: [Branch] {
        let (second, third) = self == .version1 ? (256, 256) : (288, 320)
        return [
            [.conv(256, 1), .conv(384, 3, stride: 2, .valid)],
            [.conv(256, 1), .conv(second, 3, stride: 2, .valid)],
            [.conv(256, 1), .conv(second, 3), .conv(third, 3, stride: 2, .valid)],
            [.maxPooling(stride: 2, padding: .valid)],
        ]
    }
}
