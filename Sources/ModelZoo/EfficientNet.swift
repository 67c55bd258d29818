import Basics
import Models

/// EfficientNet-B0: Tan and Le, "EfficientNet: Rethinking model scaling for convolutional neural networks", 2019, table 1. Names
/// are those of keras.applications. Its layers that scale and standardise pixels are left out, since the data's normalisation
/// does that, and its layers of zeros, since windows of stride 2 with `same` padding see the same.
///
///     3x3, 32, stride 2
///     blocks: kernel k, expansion t, filters c, n blocks, stride s of the first
///         k  3   3   5   3   5   5   3
///         t  1   6   6   6   6   6   6
///         c  16  24  40  80  112 192 320
///         n  1   2   2   3   3   4   1
///         s  1   2   2   2   1   2   1
///     1x1, 1280, mean, dropout 0.2, dense, softmax
///
/// A block is 1x1 to t times its channels, depthwise k x k, squeeze-and-excitation by a quarter of the block's channels, 1x1 to c.
/// Convolutions are followed by batch normalisation, and all but the last by swish. Where the shapes allow it, the block's input
/// is added; `--stochastic-depth 0.2` leaves blocks out as the paper does.
enum EfficientNet {
    static let models = [
        ZooModel(
            name: "efficientnet-b0", source: "Tan and Le 2019, table 1, as keras.applications", input: [224, 224, 3],
            classes: 1000, loss: .sparseCategoricalCrossEntropy, variations: [.top]
        ) { (input, classes, options) throws(NetworkError) in
            try network("efficientnet-b0", .asKeras, input, classes, options)
        },
        ZooModel(
            name: "efficientnet-b0-torch", source: "efficientnet-b0 with the padding and normalisation of PyTorch",
            input: [224, 224, 3], classes: 1000, loss: .sparseCategoricalCrossEntropy, variations: [.top]
        ) { (input, classes, options) throws(NetworkError) in
            try network("efficientnet-b0-torch", .asPyTorch, input, classes, options)
        },
    ]

    private static let stages: [(kernel: Int, expansion: Int, filters: Int, blocks: Int, stride: Int)] = [
        (3, 1, 16, 1, 1), (3, 6, 24, 2, 2), (5, 6, 40, 2, 2),
        (3, 6, 80, 3, 2), (5, 6, 112, 3, 1), (5, 6, 192, 4, 2), (3, 6, 320, 1, 1),
    ]

    private static func network(
        _ name: String, _ padding: StridedPadding, _ input: Shape, _ classes: Int, _ options: ModelOptions
    ) throws(NetworkError) -> Network {
        var builder = EfficientNetBuilder(graph: GraphBuilder(name, input: input), padding: padding)
        var x = builder.graph.convolution(
            builder.graph.input, 32, kernel: 3, stride: 2, padding: padding, initializer: .heNormal, name: "stem_conv")
        x = builder.activated(x, "stem_bn", "stem_activation")
        var channels = 32
        for (number, stage) in stages.enumerated() {
            for (block, letter) in zip(0..<stage.blocks, "abcdefgh") {
                x = builder.block(
                    x, channels, kernel: stage.kernel, expansion: stage.expansion, filters: stage.filters,
                    stride: block == 0 ? stage.stride : 1, "block\(number + 1)\(letter)_")
                channels = stage.filters
            }
        }
        x = builder.activated(builder.convolution(x, 1280, name: "top_conv"), "top_bn", "top_activation")
        if options.includesTop {
            x = builder.graph.globalAveragePooling(x, name: "avg_pool")
            x = builder.graph.dropout(x, rate: 0.2, name: "top_dropout")
            _ = builder.graph.dense(x, classes, activation: .softmax, name: "predictions")
        }
        return try builder.graph.network()
    }
}

private struct EfficientNetBuilder {
    typealias Tensor = GraphBuilder.Tensor

    var graph: GraphBuilder
    let padding: StridedPadding

    mutating func block(
        _ x: Tensor, _ channels: Int, kernel: Int, expansion: Int, filters: Int, stride: Int, _ name: String
    ) -> Tensor {
        let width = expansion * channels
        var y = x
        if expansion > 1 {
            y = activated(
                convolution(y, width, name: "\(name)expand_conv"), "\(name)expand_bn", "\(name)expand_activation")
        }
        // The deviation of fan-out, which is a channel's window.
        let deviation = (2 / Float(kernel * kernel)).squareRoot()
        y = graph.depthwise(
            y, kernel: kernel, stride: stride, padding: padding, initializer: .normal(deviation: deviation),
            name: "\(name)dwconv")
        y = activated(y, "\(name)bn", "\(name)activation")
        y = excited(y, width, squeezed: max(1, channels / 4), "\(name)se_")
        y = normalization(convolution(y, filters, name: "\(name)project_conv"), "\(name)project_bn")
        return stride == 1 && channels == filters ? graph.sum(x, y, name: "\(name)add") : y
    }

    /// Squeeze-and-excitation: Hu et al., 2018.
    private mutating func excited(_ x: Tensor, _ width: Int, squeezed: Int, _ name: String) -> Tensor {
        var y = graph.globalAveragePooling(x, name: "\(name)squeeze")
        y = graph.plain(Reshape([1, 1, width]), [y], name: "\(name)reshape")
        y = convolution(y, squeezed, activation: .silu, bias: true, name: "\(name)reduce")
        y = convolution(y, width, activation: .sigmoid, bias: true, name: "\(name)expand")
        return graph.plain(Merge(.multiply), [x, y], name: "\(name)excite")
    }

    mutating func convolution(
        _ x: Tensor, _ filters: Int, activation: Activation = .linear, bias: Bool = false, name: String
    ) -> Tensor {
        graph.convolution(
            x, filters, kernel: 1, padding: .same, activation: activation, bias: bias, initializer: .heNormal,
            name: name)
    }

    mutating func activated(_ x: Tensor, _ normalization: String, _ name: String) -> Tensor {
        graph.activation(self.normalization(x, normalization), .silu, name: name)
    }

    private mutating func normalization(_ x: Tensor, _ name: String) -> Tensor {
        padding == .asKeras
            ? graph.batchNormalization(x, name: name)
            : graph.batchNormalization(x, momentum: 0.9, epsilon: 1e-5, name: name)
    }
}
