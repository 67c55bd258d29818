import Basics
import Models

/// ConvNeXt-T: Liu et al., "A ConvNet for the 2020s", 2022, section 2. Names, biases and epsilon are those of keras.applications. Its
/// layer that standardises pixels is left out, since the data's normalisation does that.
///
///     4x4, 96, stride 4
///     blocks: filters c, n blocks
///         c  96  192 384 768
///         n  3   3   9   3
///     before each but the first stage: 2x2, c, stride 2
///     mean, dense, softmax
///
/// A block is depthwise 7x7, dense to 4 c, GELU, dense to c, a factor for each channel that begins as 1e-6, and its input is added.
/// Layer normalisation follows the first convolution, each depthwise convolution and the mean, and comes before convolutions of
/// stride 2. `--stochastic-depth 0.1` leaves blocks out as the paper does.
enum ConvNeXt {
    static let models = [
        ZooModel(
            name: "convnext-tiny", source: "Liu et al. 2022, section 2, as keras.applications", input: [224, 224, 3],
            classes: 1000, loss: .sparseCategoricalCrossEntropy, variations: [.top]
        ) { (input, classes, options) throws(NetworkError) in
            try network("convnext_tiny", input, classes, options)
        }
    ]

    private static let stages: [(filters: Int, blocks: Int)] = [(96, 3), (192, 3), (384, 9), (768, 3)]

    /// `name` begins the names of layers.
    private static func network(
        _ name: String, _ input: Shape, _ classes: Int, _ options: ModelOptions
    ) throws(NetworkError) -> Network {
        var builder = ConvNeXtBuilder(graph: GraphBuilder("convnext-tiny", input: input))
        var x = builder.graph.input
        for (number, stage) in stages.enumerated() {
            if number == 0 {
                x = builder.graph.convolution(x, stage.filters, kernel: 4, stride: 4, name: "\(name)_stem_conv")
                x = builder.normalization(x, "\(name)_stem_layernorm")
            } else {
                x = builder.normalization(x, "\(name)_downsampling_layernorm_\(number - 1)")
                x = builder.graph.convolution(
                    x, stage.filters, kernel: 2, stride: 2, name: "\(name)_downsampling_conv_\(number - 1)")
            }
            for block in 0..<stage.blocks {
                x = builder.block(x, stage.filters, "\(name)_stage_\(number)_block_\(block)")
            }
        }
        if options.includesTop {
            x = builder.graph.globalAveragePooling(x, name: "\(name)_head_gap")
            x = builder.normalization(x, "\(name)_head_layernorm")
            _ = builder.graph.dense(x, classes, activation: .softmax, name: "\(name)_head_dense")
        } else {
            _ = builder.normalization(x, "layer_normalization")
        }
        return try builder.graph.network()
    }
}

private struct ConvNeXtBuilder {
    typealias Tensor = GraphBuilder.Tensor

    var graph: GraphBuilder

    mutating func block(_ x: Tensor, _ filters: Int, _ name: String) -> Tensor {
        var y = graph.convolution(
            x, filters, groups: filters, kernel: 7, padding: .same, name: "\(name)_depthwise_conv")
        y = normalization(y, "\(name)_layernorm")
        y = graph.dense(y, 4 * filters, name: "\(name)_pointwise_conv_1")
        y = graph.activation(y, .gelu, name: "\(name)_gelu")
        y = graph.dense(y, filters, name: "\(name)_pointwise_conv_2")
        y = graph.plain(ChannelScale(initial: 1e-6, channels: filters), [y], name: "\(name)_layer_scale")
        return graph.sum(x, y, name: "\(name)_add")
    }

    mutating func normalization(_ x: Tensor, _ name: String) -> Tensor {
        graph.plain(FeatureNormalization(.lastAxis, epsilon: 1e-6), [x], name: name)
    }
}
