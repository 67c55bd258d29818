import Basics
import Models

/// Szegedy, Vanhoucke, Ioffe, Shlens and Wojna, "Rethinking the Inception architecture for computer vision", 2015,
/// table 1, with the layers, names and order of keras.applications, so that its weights load.
///
///     layer      output
///     stem       35x35x192    3x3, 32, stride 2; 3x3, 32; 3x3, 64; pooling; 1x1, 80; 3x3, 192; pooling
///     mixed0-2   35x35x288    figure 5: 5x5, and 3x3 twice
///     mixed3     17x17x768    figure 10: stride 2
///     mixed4-7   17x17x768    figure 6: 7x7 as 1x7 and 7x1
///     mixed8     8x8x1280     stride 2
///     mixed9-10  8x8x2048     figure 7: 1x3 and 3x1 side by side
///                1x1          mean, dense, softmax
///
/// Trained on labels smoothed by 0.1 (section 7).
enum InceptionV3: String, CaseIterable {
    case main = "inception-v3"
    /// With the normalised auxiliary classifier of section 4 in training. Its loss counts 0.4, as in the authors'
    /// program: the paper does not say.
    case auxiliary = "inception-v3-auxiliary"

    static let models = allCases.map(\.model)

    private var model: ZooModel {
        ZooModel(
            name: rawValue,
            source: self == .main
                ? "Szegedy et al. 2015, as keras.applications"
                : "inception-v3 with its auxiliary classifier in training",
            input: [299, 299, 3], classes: 1000, loss: Loss(.categoricalCrossEntropy, labelSmoothing: 0.1),
            variations: [.top]
        ) { (input, classes, options) throws(NetworkError) in
            try network(input: input, classes: classes, includesTop: options.includesTop)
        }
    }

    private typealias Branch = InceptionBuilder.Branch

    static let stem: InceptionBuilder.Branch = [
        .conv(32, 3, stride: 2, .valid), .conv(32, 3, .valid), .conv(64, 3), .maxPooling(stride: 2, padding: .valid),
        .conv(80, 1, .valid), .conv(192, 3, .valid), .maxPooling(stride: 2, padding: .valid),
    ]

    /// Figure 5, with the pooling's projection.
    private static func mixed5x5(_ projection: Int) -> [Branch] {
        [
            [.conv(64, 1)],
            [.conv(48, 1), .conv(64, 5)],
            [.conv(64, 1), .conv(96, 3), .conv(96, 3)],
            [.averagePooling, .conv(projection, 1)],
        ]
    }

    /// Figure 6, with the width of what lies between the 1x1 convolutions and the ends.
    private static func mixed7x7(_ width: Int) -> [Branch] {
        [
            [.conv(192, 1)],
            [.conv(width, 1), .conv(width, 1, 7), .conv(192, 7, 1)],
            [.conv(width, 1), .conv(width, 7, 1), .conv(width, 1, 7), .conv(width, 7, 1), .conv(192, 1, 7)],
            [.averagePooling, .conv(192, 1)],
        ]
    }

    /// Figure 7; `name` is that of the first join inside.
    private static func mixed3x3(_ name: String) -> [Branch] {
        let sideBySide: [Branch] = [[.conv(384, 1, 3)], [.conv(384, 3, 1)]]
        return [
            [.conv(320, 1)],
            [.conv(384, 1), .fork(sideBySide, name: name)],
            [.conv(448, 1), .conv(384, 3), .fork(sideBySide)],
            [.averagePooling, .conv(192, 1)],
        ]
    }

    private static let modules: [[Branch]] = [
        mixed5x5(32), mixed5x5(64), mixed5x5(64),
        [
            [.conv(384, 3, stride: 2, .valid)],
            [.conv(64, 1), .conv(96, 3), .conv(96, 3, stride: 2, .valid)],
            [.maxPooling(stride: 2, padding: .valid)],
        ],
        mixed7x7(128), mixed7x7(160), mixed7x7(160), mixed7x7(192),
        [
            [.conv(192, 1), .conv(320, 3, stride: 2, .valid)],
            [.conv(192, 1), .conv(192, 1, 7), .conv(192, 7, 1), .conv(192, 3, stride: 2, .valid)],
            [.maxPooling(stride: 2, padding: .valid)],
        ],
        mixed3x3("mixed9_0"), mixed3x3("mixed9_1"),
    ]

    /// What the stem and mixed3 leave of a side of the image: 17 of 299.
    fileprivate static func sideOfMixed7(_ side: Int) -> Int {
        func halved(_ side: Int) -> Int { max((side - 3) / 2 + 1, 1) }
        return halved(halved(halved(halved(side) - 2) - 2))
    }

    func network(input: Shape, classes: Int, includesTop: Bool = true) throws(NetworkError) -> Network {
        var builder = InceptionBuilder(
            rawValue, input: input, style: .normalized(bias: false, scale: false), namesSteps: false)
        var x = builder.walk(builder.graph.input, Self.stem)
        for (number, branches) in Self.modules.enumerated() {
            x = builder.module(x, branches, name: "mixed\(number)")
            if self == .auxiliary, includesTop, number == 7 {
                builder.auxiliaryClassifier(x, image: input, classes: classes)
            }
        }
        if includesTop { builder.top(x, classes: classes) }
        return try builder.graph.network()
    }
}

extension InceptionBuilder {
    /// Figure 8, with the 5x5 convolution of the authors' program for a dense layer: 5x5 mean, stride 3; 1x1, 128;
    /// 5x5, 768, over all that is left of 17x17; dense, softmax. Of smaller images both windows cover all.
    fileprivate mutating func auxiliaryClassifier(_ x: Tensor, image: Shape, classes: Int) {
        let pooled = Self.window(on: image, rest: InceptionV3.sideOfMixed7)
        let kernel = Self.window(on: image) { max(InceptionV3.sideOfMixed7($0) - 5, 0) / 3 + 1 }
        var y = graph.averagePooling(x, pooled, stride: 3, name: "auxiliary_pool")
        y = walk(y, [.conv(128, 1), .convolution(768, kernel: kernel, stride: 1, padding: .valid)], name: "auxiliary")
        y = graph.globalAveragePooling(y, name: "auxiliary_avg_pool")
        graph.auxiliaryOutput(graph.dense(y, classes, activation: .softmax, name: "auxiliary_predictions"), weight: 0.4)
    }
}
