import Basics
import Models

/// Residual networks for ImageNet: He, Zhang, Ren and Sun, "Deep residual learning for image recognition", 2015,
/// table 1. Names, epsilon and biases are those of keras.applications, so that its weights load.
///
///     layer   output    18        34        50                  101                  152
///     conv1   112x112   7x7, 64, stride 2
///     conv2   56x56     3x3 max pooling, stride 2, then blocks of 64 filters (a bottleneck ends in four times as many)
///                       2 basic   3 basic   3 bottlenecks       3                    3
///     conv3   28x28     2         4         4                   4                    8         blocks of 128
///     conv4   14x14     2         6         6                   23                   36        blocks of 256
///     conv5   7x7       2         3         3                   3                    3         blocks of 512
///             1x1       mean, dense, softmax
///
///     basic: 3x3, 3x3        bottleneck: 1x1, 3x3, 1x1        each convolution is followed by batch normalisation
///
/// `plain18` and `plain34` are the same without shortcuts, of the paper's figure 3. `resnext50-32x4d` divides the 3x3 convolutions of
/// 50 layers into 32 groups, twice as wide in all: Xie et al., "Aggregated residual transformations for deep neural networks",
/// 2016, table 1. It has no biases and strides as version 1.5, as PyTorch's.
struct ResNet {
    enum Depth: Int, CaseIterable {
        case layers18 = 18, layers34 = 34, layers50 = 50, layers101 = 101, layers152 = 152

        /// Blocks of conv2 to conv5.
        var blocks: [Int] {
            switch self {
            case .layers18: [2, 2, 2, 2]
            case .layers34, .layers50: [3, 4, 6, 3]
            case .layers101: [3, 4, 23, 3]
            case .layers152: [3, 8, 36, 3]
            }
        }
    }

    enum Block {
        /// Two 3x3 convolutions, without biases.
        case basic
        /// As the paper and keras.applications have it: the first 1x1 convolution strides.
        case bottleneck
        /// "Version 1.5", of PyTorch and NVIDIA: the 3x3 convolution strides, which skips no pixel.
        case bottleneckStridingLast
    }

    let name: String
    let depth: Depth
    let block: Block
    /// Of the 3x3 convolutions. In several groups they have four filters for each group and 64 of the network's.
    var groups = 1
    /// None where the network is plain.
    var shortcut: Shortcut? = .projection

    static let resnet50 = ResNet(name: "resnet50", depth: .layers50, block: .bottleneck)

    static let models =
        Depth.allCases.map { depth in
            ResNet(name: "resnet\(depth.rawValue)", depth: depth, block: depth.rawValue < 50 ? .basic : .bottleneck)
        }.map { $0.model(source: "He et al. 2015, table 1" + ($0.block == .basic ? "" : ", as keras.applications")) }
        + [
            ResNet(name: "resnet50-v1.5", depth: .layers50, block: .bottleneckStridingLast)
                .model(source: "resnet50 with the stride on the 3x3 convolution, as PyTorch and NVIDIA")
        ]
        + [
            ResNet(name: "resnext50-32x4d", depth: .layers50, block: .bottleneckStridingLast, groups: 32)
                .model(source: "Xie et al. 2016, table 1, ResNeXt-50 (32x4d)")
        ]
        + [Depth.layers18, .layers34].map { depth in
            ResNet(name: "plain\(depth.rawValue)", depth: depth, block: .basic, shortcut: nil)
                .model(source: "He et al. 2015, figure 3: resnet\(depth.rawValue) without shortcuts")
        }

    private func model(source: String) -> ZooModel {
        ZooModel(
            name: name, source: source, input: [224, 224, 3], classes: 1000, loss: .sparseCategoricalCrossEntropy,
            variations: block == .basic && shortcut != nil ? [.top, .shortcut] : [.top]
        ) { (input, classes, options) throws(NetworkError) in
            var resnet = self
            if let shortcut = options.shortcut { resnet.shortcut = shortcut }
            return try resnet.network(input: input, classes: classes, includesTop: options.includesTop)
        }
    }

    private func network(input: Shape, classes: Int, includesTop: Bool) throws(NetworkError) -> Network {
        var graph = GraphBuilder(name, input: input)
        var x = features(&graph, graph.input)
        if includesTop {
            x = graph.globalAveragePooling(x, name: "avg_pool")
            _ = graph.dense(x, classes, activation: .softmax, name: "predictions")
        }
        return try graph.network()
    }

    /// Everything before the mean.
    func features(_ graph: inout GraphBuilder, _ input: GraphBuilder.Tensor) -> GraphBuilder.Tensor {
        var builder = ResNetBuilder(
            graph: graph, usesBias: block != .basic && groups == 1, groups: groups, shortcut: shortcut)
        var x = builder.stem(input)
        for (stack, count) in depth.blocks.enumerated() {
            for number in 1...count {
                x = builder.residual(
                    block, x, filters: 64 << stack, stride: stack > 0 && number == 1 ? 2 : 1,
                    projects: number == 1 && (stack > 0 || block != .basic), name: "conv\(stack + 2)_block\(number)")
            }
        }
        graph = builder.graph
        return x
    }
}

/// The parts of a residual network, under the names of keras.applications.
private struct ResNetBuilder {
    typealias Tensor = GraphBuilder.Tensor

    var graph: GraphBuilder
    /// Biases do nothing before a normalisation, but Keras's weight files have them.
    let usesBias: Bool
    let groups: Int
    let shortcut: Shortcut?

    mutating func stem(_ input: Tensor) -> Tensor {
        var x = graph.zeroPadding(input, Margins2D(3), name: "conv1_pad")
        x = graph.convolution(x, 64, kernel: 7, stride: 2, bias: usesBias, name: "conv1_conv")
        x = normalization(x, "conv1")
        x = graph.activation(x, .relu, name: "conv1_relu")
        x = graph.zeroPadding(x, Margins2D(1), name: "pool1_pad")
        return graph.maxPooling(x, 3, stride: 2, name: "pool1_pool")
    }

    /// The shortcut comes first, as Keras lists it.
    mutating func residual(
        _ block: ResNet.Block, _ x: Tensor, filters: Int, stride: Int, projects: Bool, name: String
    ) -> Tensor {
        let width = block == .basic ? filters : 4 * filters
        let past = shortcut == nil ? nil : projects ? shortened(x, width, stride: stride, "\(name)_0") : x
        var y: Tensor
        switch block {
        case .basic:
            y = rectified(x, filters, kernel: 3, stride: stride, "\(name)_1")
            y = convolution(y, filters, kernel: 3, stride: 1, "\(name)_2")
        case .bottleneck, .bottleneckStridingLast:
            let (first, second) = block == .bottleneck ? (stride, 1) : (1, stride)
            let inner = groups == 1 ? filters : filters / 64 * 4 * groups
            y = rectified(x, inner, kernel: 1, stride: first, "\(name)_1")
            y = rectified(y, inner, kernel: 3, stride: second, groups: groups, "\(name)_2")
            y = convolution(y, width, kernel: 1, stride: 1, "\(name)_3")
        }
        if let past { y = graph.sum(past, y, name: "\(name)_add") }
        return graph.activation(y, .relu, name: "\(name)_out")
    }

    private mutating func shortened(_ x: Tensor, _ width: Int, stride: Int, _ name: String) -> Tensor {
        shortcut == .identity
            ? graph.identityShortcut(x, width, stride: Extent2D(stride), name: "\(name)_identity")
            : convolution(x, width, kernel: 1, stride: stride, name)
    }

    private mutating func rectified(
        _ x: Tensor, _ filters: Int, kernel: Int, stride: Int, groups: Int = 1, _ name: String
    ) -> Tensor {
        let y = convolution(x, filters, kernel: kernel, stride: stride, groups: groups, name)
        return graph.activation(y, .relu, name: "\(name)_relu")
    }

    /// A convolution and its normalisation. Where a 3x3 window strides it is padded all around, as in the paper's and
    /// PyTorch's networks; TensorFlow's `same` would pad even images at the bottom and right only.
    private mutating func convolution(
        _ x: Tensor, _ filters: Int, kernel: Int, stride: Int, groups: Int = 1, _ name: String
    ) -> Tensor {
        let padsAround = kernel > 1 && stride > 1
        let input = padsAround ? graph.zeroPadding(x, Margins2D(kernel / 2), name: "\(name)_pad") : x
        let y = graph.convolution(
            input, filters, groups: groups, kernel: Extent2D(kernel), stride: Extent2D(stride),
            padding: kernel > 1 && !padsAround ? .same : .valid, bias: usesBias, name: "\(name)_conv")
        return normalization(y, name)
    }

    private mutating func normalization(_ x: Tensor, _ name: String) -> Tensor {
        graph.batchNormalization(x, epsilon: 1.001e-5, name: "\(name)_bn")
    }
}
