import Basics
import Models

/// Inverted residuals with linear ends: Sandler et al., "MobileNetV2: Inverted residuals and linear bottlenecks", 2018, table 2.
/// Names and epsilon are those of keras.applications.
///
///     3x3, 32, stride 2
///     blocks: expansion t, filters c, n blocks, stride s of the first
///         t  1   6   6   6   6   6   6
///         c  16  24  32  64  96  160 320
///         n  1   2   3   4   3   3   1
///         s  1   2   2   2   1   2   1
///     1x1, 1280, mean, dense, softmax
///
/// A block is 1x1 to t times its channels, depthwise 3x3, 1x1 to c; each is followed by batch normalisation, and the first two by
/// ReLU6. Where the shapes allow it, the block's input is added to its result.
enum MobileNetV2 {
    static let models = [
        ZooModel(
            name: "mobilenet-v2", source: "Sandler et al. 2018, table 2, as keras.applications", input: [224, 224, 3],
            classes: 1000, loss: .sparseCategoricalCrossEntropy, variations: [.top]
        ) { (input, classes, options) throws(NetworkError) in
            try network("mobilenet-v2", .asKeras, input, classes, options)
        },
        ZooModel(
            name: "mobilenet-v2-torch", source: "mobilenet-v2 with the padding and normalisation of PyTorch",
            input: [224, 224, 3], classes: 1000, loss: .sparseCategoricalCrossEntropy, variations: [.top]
        ) { (input, classes, options) throws(NetworkError) in
            try network("mobilenet-v2-torch", .asPyTorch, input, classes, options)
        },
    ]

    private static let stages: [(expansion: Int, filters: Int, blocks: Int, stride: Int)] = [
        (1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2), (6, 64, 4, 2), (6, 96, 3, 1),
        (6, 160, 3, 2), (6, 320, 1, 1),
    ]

    private static func network(
        _ name: String, _ padding: StridedPadding, _ input: Shape, _ classes: Int, _ options: ModelOptions
    ) throws(NetworkError) -> Network {
        var builder = MobileNetV2Builder(graph: GraphBuilder(name, input: input), padding: padding)
        var x = builder.graph.convolution(
            builder.graph.input, 32, kernel: 3, stride: 2, padding: padding, name: "Conv1")
        x = builder.rectified(x, "bn_Conv1", "Conv1_relu")
        var (channels, number) = (32, 0)
        for stage in stages {
            for block in 0..<stage.blocks {
                let name = number == 0 ? "expanded_conv_" : "block_\(number)_"
                x = builder.block(
                    x, channels, expansion: stage.expansion, filters: stage.filters,
                    stride: block == 0 ? stage.stride : 1, name)
                (channels, number) = (stage.filters, number + 1)
            }
        }
        x = builder.graph.convolution(x, 1280, kernel: 1, bias: false, name: "Conv_1")
        x = builder.rectified(x, "Conv_1_bn", "out_relu")
        if options.includesTop {
            x = builder.graph.globalAveragePooling(x)
            _ = builder.graph.dense(x, classes, activation: .softmax, name: "predictions")
        }
        return try builder.graph.network()
    }
}

private struct MobileNetV2Builder {
    typealias Tensor = GraphBuilder.Tensor

    var graph: GraphBuilder
    let padding: StridedPadding

    mutating func block(
        _ x: Tensor, _ channels: Int, expansion: Int, filters: Int, stride: Int, _ name: String
    ) -> Tensor {
        var y = x
        if expansion > 1 {
            y = graph.convolution(
                y, expansion * channels, kernel: 1, padding: .same, bias: false, name: "\(name)expand")
            y = rectified(y, "\(name)expand_BN", "\(name)expand_relu")
        }
        y = graph.depthwise(y, kernel: 3, stride: stride, padding: padding, name: "\(name)depthwise")
        y = rectified(y, "\(name)depthwise_BN", "\(name)depthwise_relu")
        y = graph.convolution(y, filters, kernel: 1, padding: .same, bias: false, name: "\(name)project")
        y = normalization(y, "\(name)project_BN")
        return stride == 1 && channels == filters ? graph.sum(x, y, name: "\(name)add") : y
    }

    mutating func rectified(_ x: Tensor, _ normalization: String, _ name: String) -> Tensor {
        graph.plain(RectifiedLinear(most: 6), [self.normalization(x, normalization)], name: name)
    }

    private mutating func normalization(_ x: Tensor, _ name: String) -> Tensor {
        padding == .asKeras
            ? graph.batchNormalization(x, momentum: 0.999, name: name)
            : graph.batchNormalization(x, momentum: 0.9, epsilon: 1e-5, name: name)
    }
}
