import Basics
import Models

/// Plain networks in the style of VGG for CIFAR, to see degradation: the deeper one learns worse. Layers are counted as in
/// the table of He et al., 2015, for 18 and 34 layers without shortcuts; each 3x3 convolution is followed by batch
/// normalisation and ReLU, each stage but the last by 2x2 max pooling.
///
///     stage    output    18    34
///     conv1    32x32     1     1      64 filters
///     conv2    32x32     4     6      64
///     conv3    16x16     4     8      128
///     conv4    8x8       4     12     256
///     conv5    4x4       4     6      512
///              1x1       mean, dense, softmax
enum CIFARVGG: Int, CaseIterable {
    case layers18 = 18, layers34 = 34

    static let models = allCases.map(\.model)

    /// Convolutions of conv2 to conv5.
    private var convolutions: [Int] {
        switch self {
        case .layers18: [4, 4, 4, 4]
        case .layers34: [6, 8, 12, 6]
        }
    }

    private var name: String { "vgg-cifar-\(rawValue)" }

    private var model: ZooModel {
        ZooModel(
            name: name, source: "\(rawValue) plain 3x3 layers for CIFAR, pooled as VGG", input: [32, 32, 3],
            classes: 10, loss: .sparseCategoricalCrossEntropy
        ) { (input, classes, _) throws(NetworkError) in try network(input: input, classes: classes) }
    }

    private func network(input: Shape, classes: Int) throws(NetworkError) -> Network {
        var graph = GraphBuilder(name, input: input)
        var x = layer(&graph, graph.input, 64, name: "conv1")
        for (stage, count) in convolutions.enumerated() {
            if stage > 0 { x = graph.maxPooling(x, name: "pool\(stage + 1)") }
            for number in 1...count { x = layer(&graph, x, 64 << stage, name: "conv\(stage + 2)_\(number)") }
        }
        x = graph.globalAveragePooling(x, name: "avg_pool")
        _ = graph.dense(x, classes, activation: .softmax, name: "predictions")
        return try graph.network()
    }

    private func layer(
        _ graph: inout GraphBuilder, _ x: GraphBuilder.Tensor, _ filters: Int, name: String
    ) -> GraphBuilder.Tensor {
        var x = graph.convolution(x, filters, kernel: 3, padding: .same, initializer: .heNormal, name: name)
        x = graph.batchNormalization(x, name: name + "_bn")
        return graph.activation(x, .relu, name: name + "_relu")
    }
}
