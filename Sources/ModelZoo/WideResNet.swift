import Basics
import Models

/// Wide residual networks for CIFAR: Zagoruyko and Komodakis, "Wide residual networks", 2016, table 1, in the form of the authors'
/// program.
///
///     output    32x32             16x16          8x8
///     layers    1 + 2n            2n             2n        then normalisation, mean, dense, softmax: 6n + 4 layers
///     filters   16 to 16 k        32 k           64 k
///
/// A block is 3x3, 3x3, each behind batch normalisation and ReLU; the first of a stage projects what it has normalised. The mean is over
/// the whole image, so images may have any size. `--dropout` puts dropout between a block's convolutions, as in the paper's section 2.4.
enum WideResNet {
    static let models = [(28, 10), (40, 4), (16, 8)].map(model(depth:width:))

    /// `wide-resnet-<depth>-<width>` for any depth of the form 6n + 4, up to 1,000, and any width up to 100.
    static func model(named name: String) -> ZooModel? {
        let parts = name.split(separator: "-")
        guard parts.count == 4, let depth = Int(parts[2]), let width = Int(parts[3]), (10...1000).contains(depth),
            (depth - 4) % 6 == 0, (1...100).contains(width)
        else { return nil }
        let model = model(depth: depth, width: width)
        return model.name == name ? model : nil
    }

    private static func model(depth: Int, width: Int) -> ZooModel {
        let name = "wide-resnet-\(depth)-\(width)"
        return ZooModel(
            name: name, source: "Zagoruyko and Komodakis 2016, WRN-\(depth)-\(width)", input: [32, 32, 3], classes: 10,
            loss: .sparseCategoricalCrossEntropy
        ) { (input, classes, options) throws(NetworkError) in
            try network(
                name, blocks: (depth - 4) / 6, width: width, input: input, classes: classes,
                hasDropout: options.dropout ?? 0 > 0)
        }
    }

    private static func network(
        _ name: String, blocks: Int, width: Int, input: Shape, classes: Int, hasDropout: Bool
    ) throws(NetworkError) -> Network {
        var graph = GraphBuilder(name, input: input)
        var x = convolution(&graph, graph.input, 16)
        for (stage, filters) in [16, 32, 64].enumerated() {
            for block in 0..<blocks {
                let stride: Extent2D = block == 0 && stage > 0 ? 2 : 1
                let entry = rectified(&graph, x)
                var y = rectified(&graph, convolution(&graph, entry, filters * width, stride: stride))
                if hasDropout { y = graph.dropout(y, rate: 0.3) }
                y = convolution(&graph, y, filters * width)
                // A network of width 1 needs no projection in its first stage.
                let isOther = block == 0 && (stage > 0 || width > 1)
                x = graph.sum(
                    isOther ? convolution(&graph, entry, filters * width, kernel: 1, stride: stride) : x, y)
            }
        }
        x = graph.globalAveragePooling(rectified(&graph, x))
        _ = graph.dense(x, classes, activation: .softmax, initializer: .heNormal)
        return try graph.network()
    }

    private static func convolution(
        _ graph: inout GraphBuilder, _ x: GraphBuilder.Tensor, _ filters: Int, kernel: Extent2D = 3,
        stride: Extent2D = 1
    ) -> GraphBuilder.Tensor {
        graph.convolution(
            x, filters, kernel: kernel, stride: stride, padding: .same, bias: false, initializer: .heNormal)
    }

    private static func rectified(_ graph: inout GraphBuilder, _ x: GraphBuilder.Tensor) -> GraphBuilder.Tensor {
        graph.activation(graph.batchNormalization(x, momentum: 0.9, epsilon: 1e-5), .relu)
    }
}
