import Execution
import Models
import Basics
import Testing

/// A small network around one layer. A trainable layer comes first, so that the gradient of the tested layer's input
/// is checked with it.
struct LayerCase: Sendable, CustomTestStringConvertible {
    let testDescription: String
    let input: Shape
    /// Channels that the 1x1 convolution in front makes of the input's; nil where there is none.
    let channels: Int?
    let body: @Sendable (inout GraphBuilder, GraphBuilder.Tensor) -> Void

    init(
        _ name: String, _ input: Shape, front channels: Int? = nil,
        _ body: @escaping @Sendable (inout GraphBuilder, GraphBuilder.Tensor) -> Void
    ) {
        testDescription = name
        (self.input, self.channels, self.body) = (input, channels, body)
    }

    func network() throws -> Network {
        try Network.build(input) { graph, x in
            var x = x
            if let channels {
                x = input.rank == 3 ? graph.convolution(x, channels, kernel: 1) : graph.dense(x, channels)
            }
            body(&graph, x)
        }
    }
}

extension LayerCase {
    static let convolutions = [
        LayerCase("first layer, one channel", [7, 6, 1]) { g, x in _ = g.convolution(x, 5, kernel: 3) },
        LayerCase("3x3 valid", [7, 6, 1], front: 3) { g, x in _ = g.convolution(x, 5, kernel: 3) },
        LayerCase("3x3 same", [5, 7, 1], front: 17) { g, x in _ = g.convolution(x, 3, kernel: 3, padding: .same) },
        LayerCase("3x3 same, stride 2, odd image", [7, 5, 2], front: 5) { g, x in
            _ = g.convolution(x, 17, kernel: 3, stride: 2, padding: .same)
        },
        LayerCase("3x3 same, stride 2, even image", [8, 6, 2], front: 5) { g, x in
            _ = g.convolution(x, 3, kernel: 3, stride: 2, padding: .same)
        },
        LayerCase("5x2 same, strides 1x2", [6, 7, 1], front: 3) { g, x in
            _ = g.convolution(
                x, 5, kernel: Extent2D(height: 5, width: 2), stride: Extent2D(height: 1, width: 2), padding: .same)
        },
        LayerCase("1x4 valid, strides 2x1", [5, 8, 1], front: 3) { g, x in
            _ = g.convolution(x, 5, kernel: Extent2D(height: 1, width: 4), stride: Extent2D(height: 2, width: 1))
        },
        LayerCase("2x2 same", [5, 5, 1], front: 3) { g, x in _ = g.convolution(x, 5, kernel: 2, padding: .same) },
        LayerCase("kernel larger than image, same", [2, 3, 1], front: 3) { g, x in
            _ = g.convolution(x, 5, kernel: 5, padding: .same)
        },
        LayerCase("1x1", [4, 5, 1], front: 17) { g, x in _ = g.convolution(x, 5, kernel: 1) },
        LayerCase("window as large as the image, first layer", [4, 3, 2]) { g, x in
            _ = g.convolution(x, 17, kernel: Extent2D(height: 4, width: 3), activation: .tanh)
        },
        LayerCase("window as large as the image, no bias, then 1x1", [3, 4, 1], front: 5) { g, x in
            let y = g.convolution(x, 7, kernel: Extent2D(height: 3, width: 4), stride: 2, bias: false)
            _ = g.convolution(g.activation(g.batchNormalization(y), .relu), 3, kernel: 1)
        },
        LayerCase("1x1, stride 2", [5, 4, 1], front: 5) { g, x in
            _ = g.convolution(x, 3, kernel: 1, stride: 2, padding: .same)
        },
        LayerCase("without bias", [5, 4, 1], front: 3) { g, x in _ = g.convolution(x, 5, kernel: 3, bias: false) },
        LayerCase("fused relu", [5, 6, 1], front: 3) { g, x in _ = g.convolution(x, 5, kernel: 3, activation: .relu) },
        LayerCase("fused tanh", [5, 6, 1], front: 3) { g, x in _ = g.convolution(x, 5, kernel: 3, activation: .tanh) },
        LayerCase("fused sigmoid, 1x1", [5, 6, 1], front: 3) { g, x in
            _ = g.convolution(x, 5, kernel: 1, activation: .sigmoid)
        },
    ]

    /// Convolutions whose weight gradients bf16 has kernels of its own for. With 17 samples their pixels are more than these take
    /// at a time, and each is a large enough part of the whole to be missed.
    static let wideConvolutions = [
        LayerCase("1x1, odd image", [5, 7, 96]) { g, x in _ = g.convolution(x, 48, kernel: 1) },
        LayerCase("1x1, stride 2, an odd number of blocks", [11, 12, 64]) { g, x in
            _ = g.convolution(x, 80, kernel: 1, stride: 2, padding: .same)
        },
        LayerCase("3x3 same, stride 2, more inputs than a panel", [12, 13, 272]) { g, x in
            _ = g.convolution(x, 48, kernel: 3, stride: 2, padding: .same)
        },
        LayerCase("1x7 same, no bias", [4, 9, 80]) { g, x in
            _ = g.convolution(x, 64, kernel: Extent2D(height: 1, width: 7), padding: .same, bias: false)
        },
        LayerCase("7x1 same", [9, 4, 64]) { g, x in
            _ = g.convolution(x, 80, kernel: Extent2D(height: 7, width: 1), padding: .same)
        },
        LayerCase("5x2 same, dilation 1x2", [6, 7, 80]) { g, x in
            _ = g.convolution(
                x, 64, kernel: Extent2D(height: 5, width: 2), dilation: Extent2D(height: 1, width: 2),
                padding: .same)
        },
        LayerCase("4x3 valid, strides 2x1", [8, 9, 64]) { g, x in
            _ = g.convolution(x, 80, kernel: Extent2D(height: 4, width: 3), stride: Extent2D(height: 2, width: 1))
        },
    ]

    /// Padding that a convolution or a maximum takes over, and padding that stays an operation.
    static let paddings = [
        LayerCase("zeros before a convolution with stride 2", [6, 7, 1], front: 5) { g, x in
            let padded = g.zeroPadding(x, Margins2D(top: 1, bottom: 2, left: 0, right: 1))
            _ = g.convolution(padded, 17, kernel: 3, stride: 2)
        },
        LayerCase("zeros around the first layer", [5, 6, 3]) { g, x in
            _ = g.convolution(g.zeroPadding(x, Margins2D(3)), 4, kernel: 7, stride: 2)
        },
        LayerCase("zeros before same padding", [5, 4, 1], front: 3) { g, x in
            _ = g.convolution(g.zeroPadding(x, Margins2D(1)), 5, kernel: 5, stride: 2, padding: .same)
        },
        LayerCase("zeros wider than the window", [3, 4, 1], front: 5) { g, x in
            _ = g.convolution(g.zeroPadding(x, Margins2D(top: 2, bottom: 0, left: 1, right: 3)), 3, kernel: 2)
        },
        LayerCase("zeros before a 1x1 convolution", [3, 4, 1], front: 17) { g, x in
            _ = g.convolution(g.zeroPadding(x, Margins2D(1)), 3, kernel: 1)
        },
        LayerCase("zeros around a ReLU's values, then a maximum", [6, 5, 1], front: 17) { g, x in
            _ = g.maxPooling(g.zeroPadding(g.activation(x, .relu), Margins2D(1)), 3, stride: 2)
        },
        LayerCase("zeros around signed values, then a maximum", [6, 5, 1], front: 3) { g, x in
            _ = g.maxPooling(g.zeroPadding(x, Margins2D(1)), 3, stride: 2)
        },
        LayerCase("zeros before a mean", [5, 5, 1], front: 17) { g, x in
            _ = g.averagePooling(g.zeroPadding(g.activation(x, .relu), Margins2D(1)), 3, stride: 2)
        },
        LayerCase("zeros with two readers", [4, 5, 1], front: 3) { g, x in
            let padded = g.zeroPadding(x, Margins2D(top: 0, bottom: 1, left: 2, right: 0))
            _ = g.sum(g.convolution(padded, 4, kernel: 3), g.convolution(padded, 4, kernel: 3))
        },
        LayerCase("zeros beside another reader of the image", [4, 5, 1], front: 17) { g, x in
            let padded = g.convolution(g.zeroPadding(x, Margins2D(1)), 17, kernel: 3)
            _ = g.sum(x, padded)
        },
        LayerCase("zeros around zeros", [4, 3, 1], front: 5) { g, x in
            let padded = g.zeroPadding(x, Margins2D(top: 1, bottom: 0, left: 0, right: 0))
            _ = g.convolution(g.zeroPadding(padded, Margins2D(1)), 17, kernel: 3, activation: .relu)
        },
        LayerCase("zeros in the middle and at the end", [4, 3, 1], front: 3) { g, x in
            let y = g.activation(g.zeroPadding(g.convolution(x, 17, kernel: 2), Margins2D(1)), .tanh)
            _ = g.zeroPadding(g.batchNormalization(y), Margins2D(top: 0, bottom: 1, left: 1, right: 0))
        },
    ]

    /// What runs with samples side by side where a shard has enough of them, and ways into that layout and out of it.
    static let fewChannels = [
        LayerCase("1 to 6 channels, 5x5, relu, then a maximum", [9, 8, 1]) { g, x in
            _ = g.maxPooling(g.convolution(x, 6, kernel: 5, activation: .relu))
        },
        LayerCase("6 to 16 channels, 5x5, tanh, then a mean", [8, 9, 1], front: 6) { g, x in
            _ = g.averagePooling(g.convolution(x, 16, kernel: 5, activation: .tanh))
        },
        LayerCase("3x3 same, sigmoid, then an overlapping mean", [5, 7, 1], front: 5) { g, x in
            let y = g.convolution(x, 11, kernel: 3, padding: .same, activation: .sigmoid)
            _ = g.averagePooling(y, 3, stride: 2, padding: .same)
        },
        LayerCase("2x7 same, no bias, then an overlapping maximum", [5, 8, 1], front: 4) { g, x in
            let y = g.convolution(x, 7, kernel: Extent2D(height: 2, width: 7), padding: .same, bias: false)
            _ = g.maxPooling(y, Extent2D(height: 3, width: 2), stride: 2, padding: .same)
        },
        LayerCase("zeros around two in a row, then a plain convolution", [4, 6, 1], front: 3) { g, x in
            let padded = g.zeroPadding(x, Margins2D(top: 1, bottom: 0, left: 1, right: 0))
            let y = g.convolution(g.convolution(padded, 9, kernel: 3, padding: .same), 5, kernel: 2, activation: .tanh)
            _ = g.convolution(g.averagePooling(y), 16, kernel: 1)
        },
        LayerCase("dilated, then a mean", [8, 9, 1], front: 3) { g, x in
            _ = g.averagePooling(g.convolution(x, 5, kernel: 3, dilation: 2, padding: .same, activation: .tanh))
        },
        LayerCase("kernel larger than image, same", [4, 5, 1], front: 2) { g, x in
            _ = g.maxPooling(g.convolution(x, 3, kernel: 7, padding: .same))
        },
        LayerCase("two poolings of one relu, added", [4, 5, 1], front: 3) { g, x in
            let y = g.convolution(x, 5, kernel: 3, padding: .same, activation: .relu)
            _ = g.sum(g.maxPooling(y, 3, stride: 2, padding: .same), g.averagePooling(y, 2, padding: .same))
        },
        LayerCase("a mean, normalised", [6, 7, 1], front: 3) { g, x in
            _ = g.batchNormalization(g.averagePooling(g.convolution(x, 5, kernel: 3, activation: .tanh)))
        },
        LayerCase("a pooled image as a vector", [7, 6, 1]) { g, x in
            let y = g.activation(g.averagePooling(g.convolution(x, 4, kernel: 3)), .tanh)
            _ = g.dense(g.flatten(y), 3)
        },
        LayerCase("scaled tanh, then a subsampling that leaves a row out", [9, 8, 1]) { g, x in
            let y = g.convolution(x, 5, kernel: 3, activation: .scaledTanh)
            _ = g.subsampling(y, Extent2D(height: 3, width: 2), activation: .scaledTanh)
        },
        LayerCase("subsampled, partially connected, subsampled, tanh", [10, 9, 1]) { g, x in
            let y = g.subsampling(g.convolution(x, 3, kernel: 2, activation: .tanh), 2)
            let table = [[0, 2], [1], [0, 1, 2], [2], [0, 1]]
            let z = g.partialConvolution(y, kernel: Extent2D(height: 3, width: 2), connections: table)
            _ = g.subsampling(z, Extent2D(height: 1, width: 2), activation: .tanh)
        },
        LayerCase("partially connected, tanh, then an overlapping maximum", [6, 7, 1], front: 4) { g, x in
            let table = [[0, 1], [1, 2], [2, 3], [0, 3], [0, 1, 2, 3], [3]]
            _ = g.maxPooling(g.partialConvolution(x, kernel: 2, connections: table, activation: .tanh), 3, stride: 2)
        },
        LayerCase("a pooled image, convolved as a whole", [8, 7, 1]) { g, x in
            let y = g.averagePooling(g.convolution(x, 5, kernel: 3, activation: .tanh))
            _ = g.convolution(y, 7, kernel: Extent2D(height: 3, width: 2), activation: .tanh)
        },
        LayerCase("a pooled image, pooled as a whole", [8, 7, 1]) { g, x in
            _ = g.globalAveragePooling(g.averagePooling(g.convolution(x, 4, kernel: 3), 3, stride: 2))
        },
    ]

    static let vectors = [
        LayerCase("dense first", [7]) { g, x in _ = g.dense(x, 5) },
        LayerCase("dense", [7], front: 5) { g, x in _ = g.dense(x, 17) },
        LayerCase("dense, one unit", [3], front: 5) { g, x in _ = g.dense(x, 1) },
        LayerCase("dense relu", [7], front: 5) { g, x in _ = g.dense(x, 9, activation: .relu) },
        LayerCase("dense tanh", [7], front: 5) { g, x in _ = g.dense(x, 9, activation: .tanh) },
        LayerCase("dense sigmoid", [7], front: 5) { g, x in _ = g.dense(x, 9, activation: .sigmoid) },
        LayerCase("softmax in the middle", [7], front: 5) { g, x in
            _ = g.dense(g.dense(x, 4, activation: .softmax), 3)
        },
        LayerCase("softmax layer in the middle", [7], front: 5) { g, x in _ = g.dense(g.activation(x, .softmax), 3) },
        LayerCase("flatten", [3, 4, 1], front: 3) { g, x in _ = g.dense(g.flatten(x), 5) },
        LayerCase("dropout", [7], front: 17) { g, x in _ = g.dense(g.dropout(x, rate: 0.4), 3) },
        LayerCase("dropout of an image", [3, 5, 1], front: 5) { g, x in
            _ = g.convolution(g.dropout(x, rate: 0.3), 3, kernel: 3)
        },
        LayerCase("a branch left out of some samples", [3, 5, 1], front: 5) { g, x in
            let branch = g.convolution(x, 5, kernel: 3, padding: .same)
            _ = g.sum(x, g.add(.dropout(Dropout(rate: 0.4, dropsSamples: true)), to: [branch]))
        },
    ]

    static let poolings = [
        LayerCase("max 2x2", [6, 5, 1], front: 3) { g, x in _ = g.maxPooling(x) },
        LayerCase("max 3x3 same, stride 2", [7, 6, 1], front: 5) { g, x in
            _ = g.maxPooling(x, 3, stride: 2, padding: .same)
        },
        LayerCase("max 3x2 overlapping", [6, 7, 1], front: 17) { g, x in
            _ = g.maxPooling(x, Extent2D(height: 3, width: 2), stride: Extent2D(height: 1, width: 2))
        },
        LayerCase("max 3x2 overlapping, of a fused relu", [8, 9, 1]) { g, x in
            let y = g.convolution(x, 5, kernel: 3, activation: .relu)
            _ = g.maxPooling(y, Extent2D(height: 3, width: 2), stride: Extent2D(height: 1, width: 2))
        },
        LayerCase("average 2x2", [6, 5, 1], front: 3) { g, x in _ = g.averagePooling(x) },
        LayerCase("average 3x3 same, stride 2", [7, 6, 1], front: 5) { g, x in
            _ = g.averagePooling(x, 3, stride: 2, padding: .same)
        },
        LayerCase("average 2x3 same, overlapping", [4, 6, 1], front: 17) { g, x in
            _ = g.averagePooling(x, Extent2D(height: 2, width: 3), stride: 1, padding: .same)
        },
        LayerCase("max 3x3 ceil, stride 2, even image", [6, 8, 1], front: 5) { g, x in
            _ = g.maxPooling(x, 3, stride: 2, padding: .ceil)
        },
        LayerCase("max 2x3 ceil, stride 3x2, of a fused relu", [8, 6, 1]) { g, x in
            let y = g.convolution(x, 17, kernel: 1, activation: .relu)
            let size = Extent2D(height: 2, width: 3)
            _ = g.maxPooling(y, size, stride: Extent2D(height: 3, width: 2), padding: .ceil)
        },
        LayerCase("average 3x3 ceil, stride 2, even image", [6, 4, 1], front: 17) { g, x in
            _ = g.averagePooling(x, 3, stride: 2, padding: .ceil)
        },
        LayerCase("average 4x5 ceil, stride 3x4", [6, 7, 1], front: 3) { g, x in
            let size = Extent2D(height: 4, width: 5)
            _ = g.averagePooling(x, size, stride: Extent2D(height: 3, width: 4), padding: .ceil)
        },
        LayerCase("global average", [5, 3, 1], front: 17) { g, x in _ = g.globalAveragePooling(x) },
    ]

    static let activations = Activation.allCases.filter { ![.linear, .softmax].contains($0) }.map { function in
        LayerCase("\(function) after pooling", [6, 6, 1], front: 3) { g, x in
            _ = g.activation(g.averagePooling(x), function)
        }
    }

    static let normalizations = [
        LayerCase("image", [4, 3, 4], front: 5) { g, x in _ = g.batchNormalization(x) },
        LayerCase("image, first layer", [4, 3, 3]) { g, x in _ = g.convolution(g.batchNormalization(x), 2, kernel: 3) },
        LayerCase("image, fused relu", [4, 3, 4], front: 17) { g, x in
            _ = g.activation(g.batchNormalization(x), .relu)
        },
        LayerCase("image, tanh", [4, 3, 4], front: 3) { g, x in _ = g.activation(g.batchNormalization(x), .tanh) },
        LayerCase("image, without scale", [4, 3, 4], front: 5) { g, x in
            _ = g.convolution(g.batchNormalization(x, scale: false), 2, kernel: 2)
        },
        LayerCase("image, without scale, fused relu", [4, 3, 4], front: 17) { g, x in
            _ = g.activation(g.batchNormalization(x, scale: false), .relu)
        },
        LayerCase("image, without center", [3, 5, 4], front: 3) { g, x in
            _ = g.convolution(g.activation(g.batchNormalization(x, center: false), .relu), 2, kernel: 2)
        },
        LayerCase("image, without scale and center", [3, 5, 4], front: 3) { g, x in
            let y = g.activation(g.batchNormalization(x, scale: false, center: false), .relu)
            _ = g.convolution(y, 2, kernel: 2)
        },
        LayerCase("two with a convolution between", [5, 4, 4], front: 3) { g, x in
            let y = g.activation(g.batchNormalization(x), .relu)
            _ = g.batchNormalization(g.convolution(y, 5, kernel: 3, padding: .same), epsilon: 0.01)
        },
    ]

    static let plain = [
        LayerCase("bounded ReLU and a leaky one", [5, 4, 1], front: 3) { g, x in
            let y = g.plain(RectifiedLinear(most: 0.5, slope: 0.1, threshold: 0.05), [x])
            _ = g.convolution(g.plain(RectifiedLinear(slope: 0.2), [y]), 2, kernel: 2)
        },
        LayerCase("learned slopes", [4, 3, 1], front: 5) { g, x in
            let y = g.plain(ParametricReLU(sharedAxes: [0, 1], initializer: .ones), [x])
            _ = g.convolution(g.plain(ParametricReLU(initializer: .ones), [y]), 3, kernel: 2)
        },
        LayerCase("squeeze and excitation", [4, 5, 1], front: 6) { g, x in
            let squeezed = g.plain(Reshape([1, 1, 6]), [g.dense(g.globalAveragePooling(x), 6, activation: .sigmoid)])
            _ = g.plain(Merge(.multiply), [x, squeezed])
        },
        LayerCase("activations behind normalisations", [4, 5, 1], front: 19) { g, x in
            let functions: [Activation] = [.relu6, .silu, .hardSiLU, .gelu]
            let branches = functions.map { g.activation(g.batchNormalization(g.convolution(x, 3, kernel: 2)), $0) }
            let clipped = g.plain(
                RectifiedLinear(most: 0.7), [g.batchNormalization(g.convolution(x, 9, kernel: 2), scale: false)])
            _ = g.convolution(g.concatenation(branches + [clipped]), 2, kernel: 2)
        },
        LayerCase("a normalisation with an activation and another reader", [4, 5, 1], front: 5) { g, x in
            let y = g.batchNormalization(x, center: false)
            _ = g.sum(g.activation(y, .silu), y)
        },
        LayerCase("excitation first, then a depthwise convolution", [4, 5, 1], front: 17) { g, x in
            let y = g.activation(g.batchNormalization(x), .silu)
            let mean = g.plain(GlobalPooling2D(.average, keepsAxes: true), [y])
            let factors = g.convolution(mean, 17, kernel: 1, activation: .sigmoid)
            let z = g.plain(Merge(.multiply), [factors, y])
            _ = g.plain(DepthwiseConvolution2D(kernel: 3, padding: .same), [g.plain(Merge(.multiply), [z, factors])])
        },
        LayerCase("merges", [3, 4, 1], front: 4) { g, x in
            let y = g.convolution(x, 4, kernel: 1)
            let pairs = Merge.Kind.allCases.filter { $0 != .divide }.map { g.plain(Merge($0), [x, y]) }
            _ = g.concatenation(pairs)
        },
        LayerCase("the angle of two vectors", [7], front: 5) { g, x in
            let cosine = g.plain(Dot(normalizes: true), [x, g.dense(x, 5)])
            _ = g.concatenation([cosine, g.plain(Dot(), [x, g.dense(x, 5)])])
        },
        LayerCase("products of matrices", [2, 3, 3], front: 4) { g, x in
            let y = g.convolution(x, 4, kernel: 1)
            let square = g.plain(MatrixProduct(transposesSecond: true), [x, y])
            let products = [
                g.plain(MatrixProduct(transposesFirst: true), [x, y]), g.plain(MatrixProduct(), [square, x]),
                g.plain(MatrixProduct(transposesFirst: true, transposesSecond: true), [x, square]),
            ]
            _ = g.dense(g.concatenation(products.map { g.flatten($0) }), 2)
        },
        LayerCase("moves", [4, 5, 1], front: 6) { g, x in
            let y = g.plain(Cropping2D(Margins2D(top: 1, bottom: 0, left: 1, right: 2)), [x])
            _ = g.plain(Reshape([6, -1]), [g.plain(Permute([2, 0, 1]), [y])])
        },
        LayerCase("global poolings", [4, 3, 1], front: 5) { g, x in
            let y = g.plain(GlobalPooling2D(.max, keepsAxes: true), [x])
            _ = g.concatenation([y, g.plain(GlobalPooling2D(.average, keepsAxes: true), [x])])
        },
        LayerCase("features of many pixels normalised", [4, 5, 1], front: 19) { g, x in
            let y = g.plain(FeatureNormalization(.lastAxis, epsilon: 1e-6), [x])
            _ = g.plain(
                FeatureNormalization(.lastAxis, usesScale: false), [g.activation(g.convolution(y, 8, kernel: 1), .gelu)]
            )
        },
        LayerCase("layer normalization of steps, then of more of them", [3, 4, 1], front: 5) { g, x in
            let y = g.plain(FeatureNormalization(.lastAxis, epsilon: 1e-6), [g.plain(Reshape([3, 20]), [x])])
            _ = g.plain(FeatureNormalization(.lastAxis, usesCenter: false), [g.plain(Reshape([10, 6]), [y])])
        },
        LayerCase("features normalised", [3, 4, 1], front: 6) { g, x in
            let y = g.plain(FeatureNormalization(.groups(3)), [x])
            _ = g.plain(UnitNormalization(), [g.plain(FeatureNormalization(.lastAxis, usesScale: false), [y])])
        },
        LayerCase("root mean squares of pixels and of a vector, which is repeated", [3, 4, 1], front: 5) { g, x in
            let y = g.globalAveragePooling(g.plain(RootMeanSquareNormalization(epsilon: 0.1), [x]))
            let steps = g.plain(RepeatVector(3), [g.plain(RootMeanSquareNormalization(), [y])])
            _ = g.plain(RootMeanSquareNormalization(epsilon: 1e-3), [steps])
        },
        LayerCase("depthwise, 3x2, stride 2", [7, 6, 1], front: 5) { g, x in
            _ = g.plain(
                DepthwiseConvolution2D(
                    kernel: Extent2D(height: 3, width: 2), stride: 2, padding: .same, multiplier: 2,
                    activation: .silu), [x])
        },
        LayerCase("depthwise 3x3, zeros around, many channels", [5, 9, 1], front: 19) { g, x in
            let padded = g.zeroPadding(x, Margins2D(top: 0, bottom: 1, left: 0, right: 1))
            _ = g.plain(DepthwiseConvolution2D(kernel: 3, stride: 2, usesBias: false), [padded])
        },
        LayerCase("depthwise 5x5 and 7x7, wider than the image", [4, 6, 1], front: 9) { g, x in
            let y = g.plain(DepthwiseConvolution2D(kernel: 5, padding: .same), [x])
            _ = g.plain(DepthwiseConvolution2D(kernel: 7, padding: .same), [y])
        },
        LayerCase("depthwise 2x3, dilated, then strides 3x2", [8, 9, 1], front: 8) { g, x in
            let y = g.plain(
                DepthwiseConvolution2D(
                    kernel: Extent2D(height: 2, width: 3), dilation: Extent2D(height: 3, width: 2), padding: .same), [x]
            )
            _ = g.plain(
                DepthwiseConvolution2D(kernel: Extent2D(height: 2, width: 4), stride: Extent2D(height: 3, width: 2)),
                [y])
        },
        LayerCase("depthwise of the input, 1x1 with strides", [5, 6, 17]) { g, x in
            _ = g.plain(DepthwiseConvolution2D(kernel: 1, stride: 2, padding: .same), [x])
        },
        LayerCase("groups of 3 channels and 2 filters", [6, 5, 1], front: 9) { g, x in
            _ = g.convolution(x, 6, groups: 3, kernel: 3, padding: .same, activation: .relu)
        },
        LayerCase("groups of 4 and of 16 channels, zeros around, strides", [7, 6, 1], front: 32) { g, x in
            let y = g.convolution(x, 32, groups: 8, kernel: 3, padding: .same, bias: false)
            _ = g.convolution(g.zeroPadding(y, Margins2D(1)), 32, groups: 2, kernel: 3, stride: 2)
        },
        LayerCase("as many groups as channels, a window as large as the image", [3, 4, 1], front: 8) { g, x in
            _ = g.convolution(x, 16, groups: 8, kernel: Extent2D(height: 3, width: 4))
        },
        LayerCase("subsampling", [6, 5, 1], front: 3) { g, x in _ = g.subsampling(x) },
        LayerCase("subsampling 3x2, scaled tanh", [7, 6, 2]) { g, x in
            _ = g.subsampling(g.convolution(x, 5, kernel: 2), Extent2D(height: 3, width: 2), activation: .scaledTanh)
        },
        LayerCase("partial convolution, first layer", [6, 5, 3]) { g, x in
            let table = [[0, 2], [1], [0, 1, 2]]
            let y = g.partialConvolution(x, kernel: Extent2D(height: 3, width: 2), connections: table)
            _ = g.dense(g.flatten(y), 3)
        },
        LayerCase("partial convolution, relu", [5, 6, 1], front: 4) { g, x in
            let table = [[0, 1], [1, 2], [2, 3], [0, 3], [0, 1, 2, 3]]
            let y = g.partialConvolution(x, kernel: 3, connections: table, activation: .relu)
            _ = g.convolution(y, 2, kernel: 2)
        },
        LayerCase("scaled tanh, fused nowhere", [5, 4, 1], front: 3) { g, x in
            let y = g.activation(g.convolution(x, 4, kernel: 3, activation: .scaledTanh), .scaledTanh)
            _ = g.dense(g.flatten(y), 3, activation: .scaledTanh)
        },
        LayerCase("distances to codes", [7], front: 5) { g, x in
            _ = g.dense(g.radialBasis(g.dense(x, 6, activation: .tanh), 4), 3)
        },
    ]

    /// Functions of values that lie where they have a slope.
    static let operations =
        ScalarOperation.Function.allCases.map { function in
            LayerCase("operation \(function.rawValue)", [3, 2, 2], front: 3) { g, x in
                let positive = g.plain(Rescaling(scale: [0.5], offset: [1]), [g.activation(x, .sigmoid)])
                let constants: [Float] =
                    switch function {
                    case .power: [1.5]
                    case .quotient: [2]
                    case .atLeast, .atMost: [1.26]
                    case .clip: [1.2, 1.33]
                    default: []
                    }
                let y = g.plain(ScalarOperation(function, constants: constants), [positive])
                // A sign has no slope; what it is added to has.
                if function == .sign { _ = g.sum(y, positive) }
            }
        } + [
            LayerCase("a quotient of images, and of a squeeze", [3, 2, 2], front: 3) { g, x in
                let y = g.plain(Rescaling(scale: [1], offset: [1]), [g.activation(x, .sigmoid)])
                let squeezed = g.plain(Reduction(.mean, axes: [0, 1], keepsAxes: true), [y])
                _ = g.concatenation([g.plain(Merge(.divide), [x, y]), g.plain(Merge(.divide), [x, squeezed])])
            },
            LayerCase("reductions along each axis", [3, 2, 2], front: 3) { g, x in
                let ends = Reduction.Kind.allCases.flatMap { kind in
                    [Set([0]), [1], [2], [0, 2], [1, 2]].map { axes in
                        g.flatten(g.plain(Reduction(kind, axes: axes, keepsAxes: axes.count == 2), [x]))
                    }
                }
                _ = g.dense(g.concatenation(ends), 3)
            },
            LayerCase("rows of a table by number", [3, 2, 2], front: 3) { g, x in
                let y = g.dense(g.flatten(x), 3)
                let numbers = g.plain(
                    ScalarOperation(.clip, 0, 3.5), [g.plain(Rescaling(scale: [1.5], offset: [1.75]), [y])])
                let rows = g.plain(Embedding(rows: 4, width: 2, initializer: .uniform(low: -1, high: 1)), [numbers])
                _ = g.dense(g.concatenation([g.flatten(rows), y]), 2)
            },
            LayerCase("elements that come in again at the other end", [3, 4, 2], front: 3) { g, x in
                _ = g.plain(Roll([2, 0, 1]), [g.plain(Roll([0, 3, 0]), [x])])
            },
            LayerCase("steps of a sequence that come in again at the other end", [3, 4], front: 4) { g, x in
                _ = g.plain(Roll([1, 2]), [x])
            },
            LayerCase("a factor for each channel", [3, 4, 2], front: 5) { g, x in
                _ = g.plain(ChannelScale(initial: 0.5, channels: 5), [x])
            },
            LayerCase("a block of ConvNeXt", [4, 5, 3], front: 17) { g, x in
                var y = g.convolution(x, 17, groups: 17, kernel: 3, padding: .same)
                y = g.plain(FeatureNormalization(.lastAxis, epsilon: 1e-6), [y])
                y = g.dense(g.activation(g.dense(y, 20), .gelu), 17)
                _ = g.sum(x, g.plain(ChannelScale(initial: 0.5, channels: 17), [y]))
            },
            LayerCase("groups of 2, 4 and 8 channels", [5, 6, 3], front: 32) { g, x in
                let y = g.convolution(x, 32, groups: 8, kernel: 3, padding: .same)
                let z = g.convolution(y, 32, groups: 16, kernel: 3, stride: 2, padding: .same, bias: false)
                _ = g.convolution(z, 32, groups: 4, kernel: Extent2D(height: 2, width: 3))
            },
            LayerCase(
                "groups of 2, 4 and 8 channels, kernels of 5, strides of 2 and 3, dilated", [5, 19, 3], front: 32
            ) { g, x in
                let wide = g.convolution(x, 32, groups: 8, kernel: Extent2D(height: 2, width: 5), padding: .same)
                let halved = g.convolution(
                    wide, 32, groups: 4, kernel: Extent2D(height: 3, width: 5), stride: 2, padding: .same)
                let dilated = g.convolution(halved, 32, groups: 16, kernel: 3, dilation: 2, padding: .same)
                _ = g.convolution(dilated, 32, groups: 4, kernel: 3, stride: 3, padding: .same, bias: false)
            },
            LayerCase("one filter for each channel that strides", [6, 5, 3], front: 20) { g, x in
                _ = g.convolution(x, 20, groups: 20, kernel: 3, stride: 2, bias: false)
            },
            LayerCase("slices, and stacks of them", [4, 3, 2], front: 5) { g, x in
                let whole = Slice.Axis(start: 0, count: 3)
                let rows = [0, 2].map { row in
                    g.plain(
                        Slice([
                            .init(start: row, count: 1, isDropped: true), whole, .init(start: 4, step: -2, count: 3),
                        ]), [x])
                }
                let ends = (0...2).map { g.flatten(g.plain(Stack(axis: $0), rows)) }
                _ = g.dense(g.concatenation(ends), 2)
            },
            LayerCase("images behind each other, and softmax of places", [3, 4, 2], front: 5) { g, x in
                let part = g.plain(Cropping2D(Margins2D(top: 1, bottom: 0, left: 0, right: 0)), [x])
                let rows = g.plain(AxisSoftmax(axis: 0), [g.plain(AxisConcatenation(axis: 0), [x, part, x])])
                let columns = g.plain(AxisSoftmax(axis: 1), [g.plain(AxisConcatenation(axis: 1), [x, x])])
                let steps = g.plain(Reshape([12, -1]), [x])
                let joined = g.plain(AxisConcatenation(axis: 0), [steps, g.plain(AxisSoftmax(axis: 0), [steps])])
                _ = g.dense(g.concatenation([rows, columns, joined].map { g.flatten($0) }), 2)
            },
            LayerCase("channels shuffled", [3, 2, 4], front: 6) { g, x in
                let y = g.plain(Permute([3, 0, 1, 2]), [g.plain(Reshape([3, 2, 3, 2]), [x])])
                _ = g.convolution(g.plain(Reshape([2, 3, 6]), [y]), 3, kernel: 2)
            },
        ]

    static let graphs = [
        LayerCase("residual block, identity shortcut", [4, 5, 4], front: 5) { g, x in
            let y = g.activation(g.batchNormalization(g.convolution(x, 5, kernel: 3, padding: .same)), .relu)
            let z = g.batchNormalization(g.convolution(y, 5, kernel: 3, padding: .same))
            _ = g.activation(g.sum(x, z), .relu)
        },
        LayerCase("residual block, projection", [6, 5, 4], front: 3) { g, x in
            let y = g.batchNormalization(g.convolution(x, 5, kernel: 3, stride: 2, padding: .same))
            let shortcut = g.convolution(x, 5, kernel: 1, stride: 2, padding: .same)
            _ = g.globalAveragePooling(g.activation(g.sum(shortcut, y), .relu))
        },
        LayerCase("two blocks in a row", [4, 4, 1], front: 3) { g, x in
            var x = x
            for _ in 0..<2 { x = g.activation(g.sum(x, g.convolution(x, 3, kernel: 3, padding: .same)), .relu) }
            _ = g.convolution(x, 2, kernel: 3)
        },
        LayerCase("a value used three times", [5, 4, 1], front: 3) { g, x in
            let shared = g.activation(x, .tanh)
            let pooled = g.maxPooling(shared, 3, stride: 1, padding: .same)
            _ = g.sum(shared, g.convolution(shared, 3, kernel: 3, padding: .same), pooled)
        },
        LayerCase("a fused relu, pooled twice and read beside", [6, 5, 1]) { g, x in
            let y = g.convolution(x, 3, kernel: 3, padding: .same, activation: .relu)
            let pooled = g.sum(
                g.maxPooling(y, 3, stride: 1, padding: .same), g.maxPooling(y, 2, stride: 1, padding: .same))
            _ = g.convolution(g.sum(pooled, g.convolution(y, 3, kernel: 1)), 2, kernel: 3)
        },
        LayerCase("the same value added three times", [5], front: 4) { g, x in _ = g.dense(g.sum(x, x, x), 3) },
        LayerCase("sum with fused sigmoid, then flatten", [3, 3, 1], front: 3) { g, x in
            let y = g.activation(g.sum(x, g.averagePooling(x, 3, stride: 1, padding: .same)), .sigmoid)
            _ = g.dense(g.flatten(y), 3)
        },
        LayerCase("auxiliary outputs, one of them from the other's branch", [5, 4, 3], front: 5) { g, x in
            let first = g.flatten(g.convolution(x, 3, kernel: 3, stride: 2, activation: .relu))
            g.auxiliaryOutput(g.dense(g.dropout(first, rate: 0.3), 3), weight: 0.3)
            g.auxiliaryOutput(g.dense(first, 3, activation: .tanh), weight: 0.7)
            _ = g.dense(g.globalAveragePooling(g.batchNormalization(x)), 3)
        },
        LayerCase("a linear activation between, another reader beside", [6], front: 5) { g, x in
            _ = g.sum(x, g.activation(g.activation(x, .linear), .relu))
        },
    ]
}
