import Basics
import Models

/// Residual networks for CIFAR: He, Zhang, Ren and Sun, "Deep residual learning for image recognition", 2015, section
/// 4.2, in the form of Keras's cifar10_resnet example (convolution biases, 1x1 projections without normalisation).
///
///     output   32x32            16x16            8x8
///     layers   1 + 2n           2n               2n         then mean, dense, softmax: 6n + 2 layers
///     filters  16               32               64
///
/// `plain-cifar-<depth>` are the same without shortcuts, of the paper's figure 1.
enum CIFARResNet {
    static let models = [20, 32, 44, 56, 110].map(version1(depth:)) + [20, 56].map(plain(depth:))

    /// `resnet-cifar-<depth>-v1` and `plain-cifar-<depth>` for any depth of the form 6n + 2, up to 10,000.
    static func model(named name: String) -> ZooModel? {
        let parts = name.split(separator: "-")
        guard parts.count >= 3, let depth = Int(parts[2]), (8...10_000).contains(depth), (depth - 2) % 6 == 0 else {
            return nil
        }
        return [version1(depth: depth), plain(depth: depth)].first { $0.name == name }
    }

    private static func version1(depth: Int) -> ZooModel {
        let name = "resnet-cifar-\(depth)-v1"
        return ZooModel(
            name: name, source: "He et al. 2015, section 4.2, as Keras's cifar10_resnet example", input: [32, 32, 3],
            classes: 10, loss: .sparseCategoricalCrossEntropy, variations: [.shortcut]
        ) { (input, classes, options) throws(NetworkError) in
            try network(
                name, blocks: (depth - 2) / 6, shortcut: options.shortcut ?? .projection, input: input, classes: classes
            )
        }
    }

    private static func plain(depth: Int) -> ZooModel {
        let name = "plain-cifar-\(depth)"
        return ZooModel(
            name: name, source: "He et al. 2015, figure 1: \(depth) layers without shortcuts", input: [32, 32, 3],
            classes: 10, loss: .sparseCategoricalCrossEntropy
        ) { (input, classes, _) throws(NetworkError) in
            try network(name, blocks: (depth - 2) / 6, shortcut: nil, input: input, classes: classes)
        }
    }

    private static func network(
        _ name: String, blocks: Int, shortcut: Shortcut?, input: Shape, classes: Int
    ) throws(NetworkError) -> Network {
        var graph = GraphBuilder(name, input: input)
        var x = convolution(&graph, graph.input, 16)
        x = graph.activation(graph.batchNormalization(x), .relu)
        for (stack, filters) in [16, 32, 64].enumerated() {
            for block in 0..<blocks {
                x = residual(&graph, x, filters, shrinks: stack > 0 && block == 0, shortcut: shortcut)
            }
        }
        x = graph.averagePooling(x, 8)
        x = graph.flatten(x)
        _ = graph.dense(x, classes, activation: .softmax, initializer: .heNormal)
        return try graph.network()
    }

    private static func residual(
        _ graph: inout GraphBuilder, _ x: GraphBuilder.Tensor, _ filters: Int, shrinks: Bool, shortcut: Shortcut?
    ) -> GraphBuilder.Tensor {
        let stride: Extent2D = shrinks ? 2 : 1
        var y = convolution(&graph, x, filters, stride: stride)
        y = graph.activation(graph.batchNormalization(y), .relu)
        y = graph.batchNormalization(convolution(&graph, y, filters))
        guard let shortcut else { return graph.activation(y, .relu) }
        var past = x
        if shrinks {
            past =
                shortcut == .projection
                ? convolution(&graph, x, filters, kernel: 1, stride: stride)
                : graph.identityShortcut(x, filters, stride: stride)
        }
        return graph.activation(graph.sum(past, y), .relu)
    }

    private static func convolution(
        _ graph: inout GraphBuilder, _ x: GraphBuilder.Tensor, _ filters: Int, kernel: Extent2D = 3,
        stride: Extent2D = 1
    ) -> GraphBuilder.Tensor {
        graph.convolution(x, filters, kernel: kernel, stride: stride, padding: .same, initializer: .heNormal)
    }
}
