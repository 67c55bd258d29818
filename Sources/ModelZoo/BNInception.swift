import Basics
import Models

/// GoogLeNet's successor: Ioffe and Szegedy, "Batch normalization: accelerating deep network training by reducing
/// internal covariate shift", 2015, figure 5. Two 3x3 convolutions take the place of a 5x5 one.
///
///     layer   output   1x1    3x3         double 3x3   pooling
///     conv1   112x112  7x7, 64, stride 2; 3x3 max pooling, stride 2
///     conv2   56x56    1x1, 64; 3x3, 192; 3x3 max pooling, stride 2
///     3a-3c   28x28    modules, the last with stride 2
///     4a-4e   14x14    modules, the last with stride 2
///     5a, 5b  7x7      modules
///             1x1      mean, dense, softmax
///
/// The paper's figure contradicts itself: its 4c and 4d have branches of 160 + 160 + 160 + 128 and 96 + 192 + 192 +
/// 128 filters, but outputs of 576. As in the networks written for Caffe, branches are right, so that these outputs
/// have 608 channels, and 5a sees 1,056. The first convolution is an ordinary one, not the separable one of the
/// paper's section 4.
enum BNInception: String, CaseIterable {
    /// With biases of convolutions, as in Caffe, though the normalisation takes them away.
    case biased = "bn-inception"
    case unbiased = "bn-inception-unbiased"

    static let models = allCases.map(\.model)

    private var model: ZooModel {
        ZooModel(
            name: rawValue,
            source: self == .biased
                ? "Ioffe and Szegedy 2015, as for Caffe" : "bn-inception without convolution biases",
            input: [224, 224, 3], classes: 1000, loss: .sparseCategoricalCrossEntropy,
            variations: [.top]
        ) { (input, classes, options) throws(NetworkError) in
            try network(input: input, classes: classes, includesTop: options.includesTop)
        }
    }

    private typealias Module = (name: String, branches: [InceptionBuilder.Branch])
    private static let table: [Module] = [
        module("3a", 64, 64, 64, 64, 96, .averagePooling, 32),
        module("3b", 64, 64, 96, 64, 96, .averagePooling, 64),
        reduction("3c", 128, 160, 64, 96),
        module("4a", 224, 64, 96, 96, 128, .averagePooling, 128),
        module("4b", 192, 96, 128, 96, 128, .averagePooling, 128),
        module("4c", 160, 128, 160, 128, 160, .averagePooling, 128),
        module("4d", 96, 128, 192, 160, 192, .averagePooling, 128),
        reduction("4e", 128, 192, 192, 256),
        module("5a", 352, 192, 320, 160, 224, .averagePooling, 128),
        module("5b", 352, 192, 320, 192, 224, .maxPooling(stride: 1, padding: .same), 128),
    ]

    /// In the order of the figure's columns: #1x1; #3x3 reduce, #3x3; double #3x3 reduce, double #3x3; pool,
    /// projection.
    private static func module(
        _ name: String, _ conv1x1: Int, _ reduce: Int, _ conv3x3: Int, _ reduceDouble: Int, _ double3x3: Int,
        _ pooling: InceptionBuilder.Step, _ projection: Int
    ) -> Module {
        let branches: [InceptionBuilder.Branch] = [
            [.conv(conv1x1, 1)],
            [.conv(reduce, 1), .conv(conv3x3, 3)],
            [.conv(reduceDouble, 1), .conv(double3x3, 3), .conv(double3x3, 3)],
            [pooling, .conv(projection, 1)],
        ]
        return (name, branches)
    }

    /// A module that halves the image: no 1x1, and the pooling hands on its channels.
    private static func reduction(
        _ name: String, _ reduce: Int, _ conv3x3: Int, _ reduceDouble: Int, _ double3x3: Int
    ) -> Module {
        let branches: [InceptionBuilder.Branch] = [
            [.conv(reduce, 1), .conv(conv3x3, 3, stride: 2)],
            [.conv(reduceDouble, 1), .conv(double3x3, 3), .conv(double3x3, 3, stride: 2)],
            [.maxPooling(stride: 2, padding: .same)],
        ]
        return (name, branches)
    }

    func network(input: Shape, classes: Int, includesTop: Bool = true) throws(NetworkError) -> Network {
        var builder = InceptionBuilder(
            rawValue, input: input, style: .normalized(bias: self == .biased, scale: true))
        let pooling = InceptionBuilder.Step.maxPooling(stride: 2, padding: .same)
        var x = builder.walk(builder.graph.input, [.conv(64, 7, stride: 2), pooling], name: "conv1")
        x = builder.walk(x, [.conv(64, 1), .conv(192, 3), pooling], name: "conv2")
        for (name, branches) in Self.table { x = builder.module(x, branches, name: "inception_\(name)") }
        if includesTop { builder.top(x, classes: classes) }
        return try builder.graph.network()
    }
}
