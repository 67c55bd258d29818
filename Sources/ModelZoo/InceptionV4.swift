import Basics
import Models

/// Szegedy, Ioffe, Vanhoucke and Alemi, "Inception-v4, Inception-ResNet and the impact of residual connections on
/// learning", 2016, figures 3 to 9.
///
///     layer         output
///     stem          35x35x384     figure 3
///     A, 4 times    35x35x384     figure 4
///     reduction A   17x17x1024    figure 7 with k, l, m, n = 192, 224, 256, 384
///     B, 7 times    17x17x1024    figure 5
///     reduction B   8x8x1536      figure 8
///     C, 3 times    8x8x1536      figure 6
///                   1x1           mean, dropout 0.2, dense, softmax
///
/// Where a 1x7 and a 7x1 convolution meet, the figures and the authors' program differ in which comes first; the order
/// here, of branches too, is the program's, whose weights are published.
enum InceptionV4 {
    static let models = [
        ZooModel(
            name: "inception-v4", source: "Szegedy et al. 2016, figures 3 to 9", input: [299, 299, 3], classes: 1000,
            loss: .sparseCategoricalCrossEntropy,
            variations: [.top]
        ) { (input, classes, options) throws(NetworkError) in
            try network(input: input, classes: classes, includesTop: options.includesTop)
        }
    ]

    private typealias Branch = InceptionBuilder.Branch

    static func network(input: Shape, classes: Int, includesTop: Bool = true) throws(NetworkError) -> Network {
        var builder = InceptionBuilder("inception-v4", input: input, style: .normalized(bias: false, scale: true))
        var x = builder.stemOfV4()
        for number in 1...4 { x = builder.module(x, moduleA, name: "inception_a\(number)") }
        x = builder.module(x, InceptionBuilder.reductionA(192, 224, 256, 384), name: "reduction_a")
        for number in 1...7 { x = builder.module(x, moduleB, name: "inception_b\(number)") }
        x = builder.module(x, reductionB, name: "reduction_b")
        for number in 1...3 { x = builder.module(x, moduleC, name: "inception_c\(number)") }
        if includesTop { builder.top(x, classes: classes, dropout: 0.2) }
        return try builder.graph.network()
    }

    private static let moduleA: [Branch] = [
        [.conv(96, 1)],
        [.conv(64, 1), .conv(96, 3)],
        [.conv(64, 1), .conv(96, 3), .conv(96, 3)],
        [.averagePooling, .conv(96, 1)],
    ]

    private static let moduleB: [Branch] = [
        [.conv(384, 1)],
        [.conv(192, 1), .conv(224, 1, 7), .conv(256, 7, 1)],
        [.conv(192, 1), .conv(192, 7, 1), .conv(224, 1, 7), .conv(224, 7, 1), .conv(256, 1, 7)],
        [.averagePooling, .conv(128, 1)],
    ]

    private static let moduleC: [Branch] = [
        [.conv(256, 1)],
        [.conv(384, 1), .fork([[.conv(256, 1, 3)], [.conv(256, 3, 1)]])],
        [.conv(384, 1), .conv(448, 3, 1), .conv(512, 1, 3), .fork([[.conv(256, 1, 3)], [.conv(256, 3, 1)]])],
        [.averagePooling, .conv(256, 1)],
    ]

    private static let reductionB: [Branch] = [
        [.conv(192, 1), .conv(192, 3, stride: 2, .valid)],
        [.conv(256, 1), .conv(256, 1, 7), .conv(320, 7, 1), .conv(320, 3, stride: 2, .valid)],
        [.maxPooling(stride: 2, padding: .valid)],
    ]
}

/// What Inception-v4 shares with Inception-ResNet.
extension InceptionBuilder {
    /// Figure 3.
    mutating func stemOfV4() -> Tensor {
        let pooling = Step.maxPooling(stride: 2, padding: .valid)
        let x = walk(
            graph.input, [.conv(32, 3, stride: 2, .valid), .conv(32, 3, .valid), .conv(64, 3)], name: "stem")
        let y = module(x, [[pooling], [.conv(96, 3, stride: 2, .valid)]], name: "stem_a")
        let z = module(
            y,
            [
                [.conv(64, 1), .conv(96, 3, .valid)],
                [.conv(64, 1), .conv(64, 1, 7), .conv(64, 7, 1), .conv(96, 3, .valid)],
            ], name: "stem_b")
        return module(z, [[.conv(192, 3, stride: 2, .valid)], [pooling]], name: "stem_c")
    }

    /// Figure 7, whose letters table 1 gives for each network.
    static func reductionA(_ k: Int, _ l: Int, _ m: Int, _ n: Int) -> [Branch] {
        [
            [.conv(n, 3, stride: 2, .valid)],
            [.conv(k, 1), .conv(l, 3), .conv(m, 3, stride: 2, .valid)],
            [.maxPooling(stride: 2, padding: .valid)],
        ]
    }
}
