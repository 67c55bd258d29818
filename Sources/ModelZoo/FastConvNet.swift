import Basics
import Models

/// A small network that learns CIFAR-sized images in few epochs: the layers of airbench94 (Jordan, "94% on CIFAR-10 in 3.29 seconds on a
/// single GPU", 2024), which goes back to Page, "How to train your ResNet", 2018. Filters are those of 32x32x3 images; a part of them
/// learns 28x28 grey ones.
///
///     layer     output        filters
///     stem      31x31         24             2x2, ReLU
///     block 1   15x15         64             3x3; 2x2 max pooling; normalisation, ReLU; 3x3; normalisation, ReLU
///     block 2   7x7           256            the same
///     block 3   3x3           256            the same
///               1x1                          3x3 max pooling; dense without bias, times 1/9
///
/// Normalisations have no scale, and convolutions no bias. The original whitens its stem by the data, and has GELU instead of ReLU.
enum FastConvNet {
    static let models = [
        model(
            "cifar-fast-net", filters: [64, 256, 256], input: [32, 32, 3],
            source: "Jordan 2024, airbench94, with ReLU and a stem that is learnt"),
        model(
            "fashion-fast-net", filters: [32, 96, 128], input: [28, 28, 1],
            source: "cifar-fast-net with fewer filters, for 28x28 grey images"),
    ]

    private static func model(_ name: String, filters: [Int], input: Shape, source: String) -> ZooModel {
        ZooModel(name: name, source: source, input: input, classes: 10, loss: .sparseCategoricalCrossEntropy) {
            (input, classes, _) throws(NetworkError) in
            var graph = GraphBuilder(name, input: input)
            var x = graph.convolution(
                graph.input, 24, kernel: 2, activation: .relu, initializer: .heNormal, name: "stem")
            for (block, filters) in filters.enumerated() {
                x = graph.maxPooling(convolution(&graph, x, filters, "block\(block + 1)_1"))
                x = rectified(&graph, x, "block\(block + 1)_1")
                x = convolution(&graph, x, filters, "block\(block + 1)_2")
                x = rectified(&graph, x, "block\(block + 1)_2")
            }
            x = graph.flatten(graph.maxPooling(x, 3))
            x = graph.add(.dense(Dense(units: classes, usesBias: false)), to: [x], name: "head")
            x = graph.scale(x, by: 1.0 / 9)
            _ = graph.activation(x, .softmax)
            return try graph.network()
        }
    }

    private static func convolution(
        _ graph: inout GraphBuilder, _ x: GraphBuilder.Tensor, _ filters: Int, _ name: String
    ) -> GraphBuilder.Tensor {
        graph.convolution(
            x, filters, kernel: 3, padding: .same, bias: false, initializer: .heNormal, name: "\(name)_conv")
    }

    private static func rectified(
        _ graph: inout GraphBuilder, _ x: GraphBuilder.Tensor, _ name: String
    ) -> GraphBuilder.Tensor {
        let x = graph.batchNormalization(x, momentum: 0.6, epsilon: 1e-5, scale: false, name: "\(name)_norm")
        return graph.activation(x, .relu)
    }
}
