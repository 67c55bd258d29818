import Basics
import Models

/// Residual networks for ImageNet with pre-activation: He, Zhang, Ren and Sun, "Identity mappings in deep residual
/// networks", 2016. Names, epsilon, biases and places of strides are those of keras.applications, so that its weights load.
///
///     layer   output    50    101    152
///     conv1   112x112   7x7, 64, stride 2
///     conv2   56x56     3x3 max pooling, stride 2
///             28x28     3     3      3       bottlenecks of 64, 64, 256 filters
///     conv3   14x14     4     4      8       128, 128, 512
///     conv4   7x7       6     23     36      256, 256, 1024
///     conv5   7x7       3     3      3       512, 512, 2048
///             1x1       mean, dense, softmax
///
/// Normalisation and ReLU come before a convolution, the last of all before the mean; the last block of a stage strides.
enum ResNetV2 {
    static let models = [ResNet.Depth.layers50, .layers101, .layers152].map { depth in
        ZooModel(
            name: "resnet\(depth.rawValue)-v2", source: "He et al. 2016, as keras.applications", input: [224, 224, 3],
            classes: 1000, loss: .sparseCategoricalCrossEntropy, variations: [.top]
        ) { (input, classes, options) throws(NetworkError) in
            try network(depth, input: input, classes: classes, includesTop: options.includesTop)
        }
    }

    private static func network(
        _ depth: ResNet.Depth, input: Shape, classes: Int, includesTop: Bool
    ) throws(NetworkError) -> Network {
        var builder = ResNetV2Builder(graph: GraphBuilder("resnet\(depth.rawValue)-v2", input: input))
        var x = builder.stem()
        for (stage, count) in depth.blocks.enumerated() {
            for number in 1...count {
                x = builder.bottleneck(
                    x, filters: 64 << stage, stride: number == count && stage < 3 ? 2 : 1, projects: number == 1,
                    name: "conv\(stage + 2)_block\(number)")
            }
        }
        x = builder.rectified(x, "post")
        if includesTop {
            x = builder.graph.globalAveragePooling(x, name: "avg_pool")
            _ = builder.graph.dense(x, classes, activation: .softmax, name: "predictions")
        }
        return try builder.graph.network()
    }
}

/// The parts of such a network, under the names of keras.applications.
private struct ResNetV2Builder {
    typealias Tensor = GraphBuilder.Tensor

    var graph: GraphBuilder

    mutating func stem() -> Tensor {
        var x = graph.zeroPadding(graph.input, Margins2D(3), name: "conv1_pad")
        x = graph.convolution(x, 64, kernel: 7, stride: 2, name: "conv1_conv")
        x = graph.zeroPadding(x, Margins2D(1), name: "pool1_pad")
        return graph.maxPooling(x, 3, stride: 2, name: "pool1_pool")
    }

    /// The shortcut comes first, as Keras lists it; where a block strides without projecting, it takes every second pixel.
    mutating func bottleneck(_ x: Tensor, filters: Int, stride: Int, projects: Bool, name: String) -> Tensor {
        let entry = rectified(x, "\(name)_preact")
        let shortcut =
            projects
            ? graph.convolution(entry, 4 * filters, kernel: 1, stride: Extent2D(stride), name: "\(name)_0_conv")
            : stride > 1 ? graph.maxPooling(x, 1, stride: Extent2D(stride), name: "\(name)_0_pool") : x
        var y = graph.convolution(entry, filters, kernel: 1, bias: false, name: "\(name)_1_conv")
        y = graph.zeroPadding(rectified(y, "\(name)_1"), Margins2D(1), name: "\(name)_2_pad")
        y = graph.convolution(y, filters, kernel: 3, stride: Extent2D(stride), bias: false, name: "\(name)_2_conv")
        y = graph.convolution(rectified(y, "\(name)_2"), 4 * filters, kernel: 1, name: "\(name)_3_conv")
        return graph.sum(shortcut, y, name: "\(name)_out")
    }

    mutating func rectified(_ x: Tensor, _ name: String) -> Tensor {
        let x = graph.batchNormalization(x, epsilon: 1.001e-5, name: "\(name)_bn")
        return graph.activation(x, .relu, name: "\(name)_relu")
    }
}
