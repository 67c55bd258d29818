import Basics
import Models

/// Residual networks for CIFAR with pre-activation: He, Zhang, Ren and Sun, "Identity mappings in deep residual networks",
/// 2016, in the form of Keras's cifar10_resnet example.
///
///     output    32x32         16x16          8x8
///     layers    1 + 3n        3n             3n        then mean, dense, softmax: 9n + 2 layers
///     filters   16 to 64      64 to 128      128 to 256
///
/// A block is 1x1, 3x3, 1x1, each behind batch normalisation and ReLU; the first of a stage projects its input.
enum CIFARResNetV2 {
    static let models = [20, 29, 56, 110].map(model(depth:))

    /// `resnet-cifar-<depth>-v2` for any depth of the form 9n + 2, up to 10,000.
    static func model(named name: String) -> ZooModel? {
        let parts = name.split(separator: "-")
        guard parts.count == 4, parts[0] == "resnet", parts[1] == "cifar", parts[3] == "v2", let depth = Int(parts[2]),
            (11...10_000).contains(depth), (depth - 2) % 9 == 0
        else { return nil }
        return model(depth: depth)
    }

    private static func model(depth: Int) -> ZooModel {
        let name = "resnet-cifar-\(depth)-v2"
        return ZooModel(
            name: name, source: "He et al. 2016, as Keras's cifar10_resnet example", input: [32, 32, 3], classes: 10,
            loss: .sparseCategoricalCrossEntropy
        ) { (input, classes, _) throws(NetworkError) in
            try network(name, blocks: (depth - 2) / 9, input: input, classes: classes)
        }
    }

    private static func network(
        _ name: String, blocks: Int, input: Shape, classes: Int
    ) throws(NetworkError) -> Network {
        var graph = GraphBuilder(name, input: input)
        var x = graph.rectified(convolution(&graph, graph.input, 16, kernel: 3))
        for (stage, (filters, output)) in [(16, 64), (64, 128), (128, 256)].enumerated() {
            for block in 0..<blocks {
                let isFirst = block == 0
                let stride: Extent2D = isFirst && stage > 0 ? 2 : 1
                // What enters the first block of all is normalised and rectified already.
                let entry = isFirst && stage == 0 ? x : graph.rectified(x)
                var y = convolution(&graph, entry, filters, stride: stride)
                y = convolution(&graph, graph.rectified(y), filters, kernel: 3)
                y = convolution(&graph, graph.rectified(y), output)
                let shortcut = isFirst ? convolution(&graph, x, output, stride: stride) : x
                x = graph.sum(shortcut, y)
            }
        }
        x = graph.flatten(graph.averagePooling(graph.rectified(x), 8))
        _ = graph.dense(x, classes, activation: .softmax, initializer: .heNormal)
        return try graph.network()
    }

    private static func convolution(
        _ graph: inout GraphBuilder, _ x: GraphBuilder.Tensor, _ filters: Int, kernel: Extent2D = 1,
        stride: Extent2D = 1
    ) -> GraphBuilder.Tensor {
        graph.convolution(x, filters, kernel: kernel, stride: stride, padding: .same, initializer: .heNormal)
    }
}

extension GraphBuilder {
    fileprivate mutating func rectified(_ x: Tensor) -> Tensor { activation(batchNormalization(x), .relu) }
}
