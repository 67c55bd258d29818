import Basics
import Models

/// Krizhevsky, Sutskever and Hinton, "ImageNet classification with deep convolutional neural networks", 2012, on one
/// device: no convolution is split into two groups.
///
///     layer    output        window
///     conv1    55x55, 96     11x11, stride 4
///     pool1    27x27         3x3, stride 2     then response normalisation, which the paper has before pooling
///     conv2    27x27, 256    5x5
///     pool2    13x13         3x3, stride 2     then response normalisation
///     conv3    13x13, 384    3x3
///     conv4    13x13, 384    3x3
///     conv5    13x13, 256    3x3
///     pool5    6x6           3x3, stride 2
///     fc6      4096          behind dropout 0.5
///     fc7      4096          behind dropout 0.5
///     fc8      1000
enum AlexNet {
    static let models = [
        ZooModel(
            name: "alexnet", source: "Krizhevsky et al. 2012, on one device, normalisation behind pooling",
            input: [227, 227, 3], classes: 1000, loss: .sparseCategoricalCrossEntropy, variations: [.top],
            build: original),
        ZooModel(
            name: "alexnet-bn", source: "a Keras variant: batch normalisation, windows of 11x11 twice, dropout 0.4",
            input: [224, 224, 3], classes: 17, loss: .sparseCategoricalCrossEntropy, variations: [.top],
            build: normalized),
    ]

    @Sendable private static func original(
        input: Shape, classes: Int, options: ModelOptions
    ) throws(NetworkError) -> Network {
        var graph = GraphBuilder("alexnet", input: input)
        var x = graph.convolution(graph.input, 96, kernel: 11, stride: 4, activation: .relu, name: "conv1")
        x = graph.maxPooling(x, 3, stride: 2, name: "pool1")
        x = graph.localResponseNormalization(x, name: "norm1")
        x = graph.convolution(x, 256, kernel: 5, padding: .same, activation: .relu, name: "conv2")
        x = graph.maxPooling(x, 3, stride: 2, name: "pool2")
        x = graph.localResponseNormalization(x, name: "norm2")
        for (number, filters) in [(3, 384), (4, 384), (5, 256)] {
            x = graph.convolution(x, filters, kernel: 3, padding: .same, activation: .relu, name: "conv\(number)")
        }
        x = graph.maxPooling(x, 3, stride: 2, name: "pool5")
        if options.includesTop { graph.alexNetTop(x, classes: classes) }
        return try graph.network()
    }

    @Sendable private static func normalized(
        input: Shape, classes: Int, options: ModelOptions
    ) throws(NetworkError) -> Network {
        var graph = GraphBuilder("alexnet-bn", input: input)
        var x = graph.input
        for (filters, kernel, stride, pools) in [
            (96, 11, 4, true), (256, 11, 1, true), (384, 3, 1, false), (384, 3, 1, false), (256, 3, 1, true),
        ] {
            x = graph.convolution(
                x, filters, kernel: Extent2D(kernel), stride: Extent2D(stride), activation: .relu)
            if pools { x = graph.maxPooling(x) }
            x = graph.batchNormalization(x)
        }
        if options.includesTop {
            x = graph.flatten(x)
            for units in [4096, 4096, 1000] {
                x = graph.dropout(graph.dense(x, units, activation: .relu), rate: 0.4)
                x = graph.batchNormalization(x)
            }
            _ = graph.dense(x, classes, activation: .softmax)
        }
        return try graph.network()
    }
}

extension GraphBuilder {
    /// The classifier of AlexNet and of ZFNet.
    mutating func alexNetTop(_ x: Tensor, classes: Int) {
        var x = flatten(x, name: "flatten")
        for name in ["fc6", "fc7"] {
            x = dense(dropout(x, rate: 0.5), 4096, activation: .relu, name: name)
        }
        _ = dense(x, classes, activation: .softmax, name: "fc8")
    }
}
