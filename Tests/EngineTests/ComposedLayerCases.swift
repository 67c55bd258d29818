import Basics
import Models

/// Layers that engines compute as several operations, or as other layers, and layers that training leaves to chance.
extension LayerCase {
    static let composed = [
        LayerCase("separable 3x3, relu", [5, 6, 1], front: 5) { g, x in
            _ = g.plain(SeparableConvolution2D(filters: 7, kernel: 3, padding: .same, activation: .relu), [x])
        },
        LayerCase("separable, zeros around, stride 2, many channels, then another", [7, 8, 1], front: 19) { g, x in
            let padded = g.zeroPadding(x, Margins2D(top: 1, bottom: 0, left: 2, right: 1))
            let y = g.plain(SeparableConvolution2D(filters: 17, kernel: 3, stride: 2, usesBias: false), [padded])
            _ = g.plain(SeparableConvolution2D(filters: 4, kernel: 2, multiplier: 2, activation: .silu), [y])
        },
        LayerCase("attention of pixels to themselves, dropout", [3, 4, 1], front: 5) { g, x in
            _ = g.plain(MultiHeadAttention(heads: 2, keyWidth: 3, valueWidth: 4, dropout: 0.3), [x, x])
        },
        LayerCase("attention to others, keys apart, many channels, no bias", [4, 3, 1], front: 17) { g, x in
            let (values, keys) = (g.maxPooling(x), g.maxPooling(g.convolution(x, 4, kernel: 1)))
            _ = g.plain(
                MultiHeadAttention(heads: 3, keyWidth: 17, valueWidth: 2, channels: 5, usesBias: false),
                [x, values, keys])
        },
        // Some registers of places, and of a head's numbers, and a part of one.
        LayerCase("attention of many pixels, to fewer ones, in wide heads", [10, 7, 1], front: 5) { g, x in
            let values = g.averagePooling(x)
            _ = g.plain(
                MultiHeadAttention(heads: 2, keyWidth: 21, valueWidth: 37, channels: 3),
                [g.plain(MultiHeadAttention(heads: 1, keyWidth: 9), [x, x]), values])
        },
        LayerCase("attention with masks of all samples", [4, 3, 1], front: 5) { g, x in
            let (steps, others) = (g.plain(Reshape([4, 15]), [x]), g.plain(Reshape([6, 10]), [x]))
            let rows = [[true, false, true, false], [false, true, false, false], [true, true, true, true]]
            let mask = AttentionMask(isCausal: true, rows: rows + [[false, false, false, false]])
            let y = g.plain(MultiHeadAttention(heads: 2, keyWidth: 3, mask: mask), [steps, steps])
            let causal = AttentionMask(isCausal: true)
            let z = g.plain(MultiHeadAttention(heads: 2, keyWidth: 3, dropout: 0.2, mask: causal), [y, others])
            _ = g.plain(MultiHeadAttention(heads: 2, keyWidth: 3, dropout: 0.2, mask: mask), [z, steps])
        },
        LayerCase("attention with masks of each sample", [4, 3, 1], front: 5) { g, x in
            let (steps, others) = (g.plain(Reshape([4, 15]), [x]), g.plain(Reshape([6, 10]), [x]))
            let positive = g.activation(g.convolution(x, 2, kernel: 1), .relu)
            let mask = AttentionMask(isInput: true)
            let attention = MultiHeadAttention(heads: 2, keyWidth: 3, mask: mask)
            let y = g.plain(attention, [steps, others, g.plain(Reshape([4, 6]), [positive])])
            let row = g.activation(g.dense(g.flatten(x), 4), .relu)
            _ = g.plain(attention, [y, steps, g.plain(Reshape([4, 15]), [x]), g.plain(Reshape([1, 4]), [row])])
        },
        LayerCase("attention without weights", [4, 3, 1], front: 5) { g, x in
            let others = g.convolution(x, 5, kernel: 1)
            let steps = [x, others, g.convolution(x, 5, kernel: 1)].map { g.plain(Reshape([4, 15]), [$0]) }
            let y = g.plain(DotAttention(dropout: 0.2, isCausal: true), [steps[0], steps[1]])
            _ = g.plain(DotAttention(), [y, g.plain(Reshape([4, 15]), [others]), steps[2]])
        },
        LayerCase("transposed 3x3 same, stride 2", [3, 4, 1], front: 5) { g, x in
            _ = g.plain(TransposedConvolution2D(filters: 7, kernel: 3, stride: 2, padding: .same), [x])
        },
        LayerCase("transposed, many channels, relu, no bias", [4, 3, 1], front: 19) { g, x in
            let size = Extent2D(height: 4, width: 2)
            _ = g.plain(
                TransposedConvolution2D(filters: 17, kernel: size, stride: size, activation: .relu, usesBias: false),
                [x]
            )
        },
        LayerCase("transposed with dilation, then with padding of the output", [3, 4, 1], front: 3) { g, x in
            let y = g.plain(TransposedConvolution2D(filters: 4, kernel: 3, dilation: 2, activation: .tanh), [x])
            _ = g.plain(
                TransposedConvolution2D(
                    filters: 3, kernel: 3, stride: 3, padding: .same, outputPadding: Extent2D(height: 0, width: 2)),
                [y])
        },
        LayerCase("transposed, first layer", [4, 5, 2]) { g, x in
            _ = g.convolution(g.plain(TransposedConvolution2D(filters: 4, kernel: 2, stride: 2), [x]), 2, kernel: 2)
        },
        LayerCase("dense on pixels, with and without bias", [4, 3, 1], front: 5) { g, x in
            let y = g.add(.dense(Dense(units: 6, activation: .relu, usesBias: false)), to: [x])
            _ = g.dense(g.activation(g.dense(y, 17), .softmax), 3, activation: .tanh)
        },
        LayerCase("dense on steps", [4, 3, 1], front: 6) { g, x in
            let steps = g.plain(Reshape([12, 6]), [x])
            _ = g.dense(g.flatten(g.dense(g.dense(steps, 5, activation: .sigmoid), 2)), 3)
        },
        LayerCase("convolutions, poolings and normalisations of sequences", [4, 5, 1], front: 6) { g, x in
            let steps = g.plain(Reshape([20, 6]), [x])
            let row = { (width: Int) in Extent2D(height: 1, width: width) }
            let convolution = Convolution2D(filters: 8, kernel: row(3), padding: .same, activation: .relu)
            var y = g.plain(SequenceLayer(.convolution(convolution)), [steps])
            y = g.batchNormalization(g.concatenation([y, steps]))
            y = g.plain(SequenceLayer(.pooling(Pooling2D(.average, size: row(2)))), [y])
            y = g.plain(SequenceLayer(.plain(SeparableConvolution2D(filters: 5, kernel: row(3), stride: 2))), [y])
            y = g.plain(
                SequenceLayer(.zeroPadding(ZeroPadding2D(Margins2D(top: 0, bottom: 0, left: 1, right: 2)))), [y])
            y = g.plain(ParametricReLU(sharedAxes: [0], initializer: .ones), [g.plain(Permute([1, 0]), [y])])
            y = g.plain(SequenceLayer(.plain(TransposedConvolution2D(filters: 3, kernel: row(2), stride: row(2)))), [y])
            _ = g.plain(SequenceLayer(.globalAveragePooling(GlobalAveragePooling2D())), [y])
        },
        LayerCase("causal convolutions", [3, 5, 1], front: 6) { g, x in
            let size = Extent2D(height: 1, width: 3)
            let dilated = Convolution2D(filters: 5, kernel: size, dilation: Extent2D(height: 1, width: 2))
            let y = g.plain(SequenceLayer(.convolution(dilated), isCausal: true), [g.plain(Reshape([15, 6]), [x])])
            _ = g.plain(
                SequenceLayer(.plain(SeparableConvolution2D(filters: 4, kernel: size, stride: 2)), isCausal: true), [y])
        },
        LayerCase("noise of all kinds", [4, 5, 1], front: 6) { g, x in
            var y = g.plain(Noise(.addition(deviation: 0.5)), [x])
            y = g.plain(Noise(.multiplication(rate: 0.3)), [g.convolution(y, 5, kernel: 2)])
            y = g.plain(Noise(.selfNormalizing(rate: 0.2)), [g.activation(y, .selu)])
            _ = g.convolution(g.plain(Noise(.channels(rate: 0.4)), [y]), 3, kernel: 2)
        },
        LayerCase("noise of sequences", [4, 3, 1], front: 6) { g, x in
            let y = g.plain(SequenceLayer(.plain(Noise(.channels(rate: 0.4)))), [g.plain(Reshape([12, 6]), [x])])
            _ = g.dense(g.flatten(y), 3)
        },
        LayerCase("images mirrored, moved and cut by chance", [7, 6, 1], front: 3) { g, x in
            var y = g.plain(RandomFlip(), [x])
            y = g.plain(RandomAffine(.rotation(-0.2...0.2)), [g.convolution(y, 4, kernel: 1)])
            y = g.plain(RandomAffine(.zoom(height: -0.3...0.3, width: nil), fill: .constant, fillValue: 0.3), [y])
            y = g.plain(RandomAffine(.translation(height: -0.3...0.3, width: 0...0.2), fill: .wrap), [y])
            y = g.plain(RandomTone(.contrast(-0.5...0.5), pixels: -1.5...1.5), [y])
            y = g.plain(RandomTone(.brightness(-0.2...0.2), pixels: -1.3...1.3), [y])
            y = g.plain(RandomCrop(Extent2D(height: 4, width: 5)), [y])
            _ = g.convolution(g.plain(RandomCrop(Extent2D(height: 6, width: 3)), [y]), 2, kernel: 2)
        },
        LayerCase("images resized and cropped", [5, 4, 1], front: 3) { g, x in
            let y = g.plain(Resizing(Extent2D(height: 7, width: 3), interpolation: .bicubic), [x])
            let z = g.plain(InterpolatedUpSampling2D(2, .bilinear), [g.convolution(y, 4, kernel: 2)])
            _ = g.plain(CenterCrop(Extent2D(height: 5, width: 6)), [z])
        },
    ]
}
