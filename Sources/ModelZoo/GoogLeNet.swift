import Basics
import Models

/// Szegedy et al., "Going deeper with convolutions", 2014, table 1 and figures 2 and 3.
///
///     layer   output
///     conv1   112x112  7x7, 64, stride 2
///             56x56    3x3 max pooling, stride 2; local response normalisation
///     conv2   56x56    1x1, 64; 3x3, 192; local response normalisation
///             28x28    3x3 max pooling, stride 2
///     3a, 3b  28x28    modules, then 3x3 max pooling, stride 2
///     4a-4e   14x14    modules, then 3x3 max pooling, stride 2
///     5a, 5b  7x7      modules
///             1x1      mean, dropout 0.4, dense, softmax
///
/// The paper does not give the constants of the normalisation: they are AlexNet's.
enum GoogLeNet: String, CaseIterable {
    case main = "googlenet"
    /// With a second and third classifier behind 4a and 4d, whose losses count 0.3 in training.
    case auxiliary = "googlenet-auxiliary"
    /// Modules as in figure 2a: no 1x1 convolutions before 3x3, 5x5 and behind the pooling, which thus hands on all
    /// channels of its input.
    case naive = "googlenet-naive"

    static let models = allCases.map(\.model)

    private typealias Row = (
        name: String, conv1x1: Int, reduce3x3: Int, conv3x3: Int, reduce5x5: Int, conv5x5: Int, poolProjection: Int
    )
    private static let table: [Row] = [
        ("3a", 64, 96, 128, 16, 32, 32),
        ("3b", 128, 128, 192, 32, 96, 64),
        ("4a", 192, 96, 208, 16, 48, 64),
        ("4b", 160, 112, 224, 24, 64, 64),
        ("4c", 128, 128, 256, 24, 64, 64),
        ("4d", 112, 144, 288, 32, 64, 64),
        ("4e", 256, 160, 320, 32, 128, 128),
        ("5a", 256, 160, 320, 32, 128, 128),
        ("5b", 384, 192, 384, 48, 128, 128),
    ]

    private var model: ZooModel {
        let source =
            switch self {
            case .main: "Szegedy et al. 2014, table 1"
            case .auxiliary: "googlenet with its auxiliary classifiers in training"
            case .naive: "googlenet of the naive modules, figure 2a"
            }
        return ZooModel(
            name: rawValue, source: source, input: [224, 224, 3], classes: 1000, loss: .sparseCategoricalCrossEntropy,
            variations: [.top]
        ) { (input, classes, options) throws(NetworkError) in
            try network(input: input, classes: classes, includesTop: options.includesTop)
        }
    }

    func network(input: Shape, classes: Int, includesTop: Bool = true) throws(NetworkError) -> Network {
        var builder = InceptionBuilder(rawValue, input: input, style: .biased)
        var x = builder.walk(builder.graph.input, [.conv(64, 7, stride: 2)], name: "conv1")
        x = builder.graph.maxPooling(x, 3, stride: 2, padding: .same, name: "pool1")
        x = builder.graph.localResponseNormalization(x, name: "norm1")
        x = builder.walk(x, [.conv(64, 1), .conv(192, 3)], name: "conv2")
        x = builder.graph.localResponseNormalization(x, name: "norm2")
        x = builder.graph.maxPooling(x, 3, stride: 2, padding: .same, name: "pool2")
        for row in Self.table {
            if ["4a", "5a"].contains(row.name) {
                x = builder.graph.maxPooling(x, 3, stride: 2, padding: .same, name: "pool_\(row.name)")
            }
            x = builder.module(x, branches(row), name: "inception_\(row.name)")
            if self == .auxiliary, includesTop, ["4a", "4d"].contains(row.name) {
                builder.auxiliaryClassifier(x, image: input, classes: classes, name: "auxiliary_\(row.name)")
            }
        }
        if includesTop { builder.top(x, classes: classes, dropout: 0.4) }
        return try builder.graph.network()
    }

    private func branches(_ row: Row) -> [InceptionBuilder.Branch] {
        let pooling = InceptionBuilder.Step.maxPooling(stride: 1, padding: .same)
        if self == .naive {
            return [[.conv(row.conv1x1, 1)], [.conv(row.conv3x3, 3)], [.conv(row.conv5x5, 5)], [pooling]]
        }
        return [
            [.conv(row.conv1x1, 1)],
            [.conv(row.reduce3x3, 1), .conv(row.conv3x3, 3)],
            [.conv(row.reduce5x5, 1), .conv(row.conv5x5, 5)],
            [pooling, .conv(row.poolProjection, 1)],
        ]
    }
}

extension InceptionBuilder {
    /// Section 5: 5x5 mean, stride 3; 1x1, 128; dense, 1024; dropout 0.7; dense, softmax. Its input is a sixteenth of
    /// the image; of a small one the window covers all.
    fileprivate mutating func auxiliaryClassifier(_ x: Tensor, image: Shape, classes: Int, name: String) {
        let window = Self.window(on: image) { $0.dividedRoundingUp(by: 16) }
        var y = graph.averagePooling(x, window, stride: 3, name: "\(name)_pool")
        y = graph.convolution(y, 128, kernel: 1, activation: .relu, name: "\(name)_conv")
        y = graph.flatten(y, name: "\(name)_flatten")
        y = graph.dense(y, 1024, activation: .relu, name: "\(name)_dense")
        y = graph.dropout(y, rate: 0.7, name: "\(name)_dropout")
        graph.auxiliaryOutput(graph.dense(y, classes, activation: .softmax, name: "\(name)_predictions"), weight: 0.3)
    }
}
