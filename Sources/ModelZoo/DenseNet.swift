import Basics
import Models

/// Densely connected networks for ImageNet: Huang et al., "Densely connected convolutional networks", 2017, table 1, with 32 new
/// channels a layer. Names, epsilon and the missing biases are those of keras.applications, so that its weights load.
///
///     7x7, 64, stride 2; 3x3 max pooling, stride 2
///     blocks of 6, 12, 24 and 16 layers; a layer is 1x1, 128 and 3x3, 32, and its result is put beside its input
///     between blocks 1x1 to half the channels, 2x2 mean
///     normalisation, ReLU, mean, dense, softmax
///
/// Batch normalisation and ReLU come before each convolution but the first.
enum DenseNet {
    static let models = [
        ZooModel(
            name: "densenet121", source: "Huang et al. 2017, table 1, as keras.applications", input: [224, 224, 3],
            classes: 1000, loss: .sparseCategoricalCrossEntropy, variations: [.top], build: network)
    ]

    private static let blocks = [6, 12, 24, 16]
    private static let growth = 32

    @Sendable private static func network(
        input: Shape, classes: Int, options: ModelOptions
    ) throws(NetworkError) -> Network {
        var graph = GraphBuilder("densenet121", input: input)
        var x = graph.zeroPadding(graph.input, Margins2D(3))
        x = graph.convolution(x, 64, kernel: 7, stride: 2, bias: false, name: "conv1_conv")
        x = rectified(&graph, x, "conv1_bn", "conv1_relu")
        x = graph.maxPooling(graph.zeroPadding(x, Margins2D(1)), 3, stride: 2, name: "pool1")
        var channels = 64
        for (number, layers) in blocks.enumerated() {
            for layer in 1...layers { x = extended(&graph, x, "conv\(number + 2)_block\(layer)") }
            channels += layers * growth
            if number < blocks.count - 1 {
                channels /= 2
                x = transition(&graph, x, channels, "pool\(number + 2)")
            }
        }
        x = rectified(&graph, x, "bn", "relu")
        if options.includesTop {
            x = graph.globalAveragePooling(x, name: "avg_pool")
            _ = graph.dense(x, classes, activation: .softmax, name: "predictions")
        }
        return try graph.network()
    }

    private static func extended(
        _ graph: inout GraphBuilder, _ x: GraphBuilder.Tensor, _ name: String
    ) -> GraphBuilder.Tensor {
        var y = rectified(&graph, x, "\(name)_0_bn", "\(name)_0_relu")
        y = graph.convolution(y, 4 * growth, kernel: 1, bias: false, name: "\(name)_1_conv")
        y = rectified(&graph, y, "\(name)_1_bn", "\(name)_1_relu")
        y = graph.convolution(y, growth, kernel: 3, padding: .same, bias: false, name: "\(name)_2_conv")
        return graph.concatenation([x, y], name: "\(name)_concat")
    }

    private static func transition(
        _ graph: inout GraphBuilder, _ x: GraphBuilder.Tensor, _ channels: Int, _ name: String
    ) -> GraphBuilder.Tensor {
        let y = rectified(&graph, x, "\(name)_bn", "\(name)_relu")
        return graph.averagePooling(
            graph.convolution(y, channels, kernel: 1, bias: false, name: "\(name)_conv"), 2, name: "\(name)_pool")
    }

    private static func rectified(
        _ graph: inout GraphBuilder, _ x: GraphBuilder.Tensor, _ normalization: String, _ name: String
    ) -> GraphBuilder.Tensor {
        graph.activation(graph.batchNormalization(x, epsilon: 1.001e-5, name: normalization), .relu, name: name)
    }
}
