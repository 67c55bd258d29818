import Execution
import Models
import Testing

extension LayerCase {
    static let all =
        convolutions + paddings + vectors + poolings + activations + normalizations + graphs + merges + responses
        + resamplings + dilations + strips + frozen + plain + composed + operations + winograds

    /// 3x3 convolutions whose images fill enough tiles for Winograd's algorithm, in engines that have it.
    static let winograds = [
        LayerCase("3x3 same, 16 to 32 channels, odd image", [17, 19, 1], front: 16) { g, x in
            _ = g.convolution(x, 32, kernel: 3, padding: .same, activation: .relu)
        },
        LayerCase("3x3 valid, 32 to 16 channels, even image", [18, 20, 1], front: 32) { g, x in
            _ = g.convolution(x, 16, kernel: 3)
        },
        LayerCase("3x3 same behind zeros on one side", [16, 15, 1], front: 16) { g, x in
            let y = g.zeroPadding(x, Margins2D(top: 0, bottom: 1, left: 0, right: 2))
            _ = g.convolution(y, 16, kernel: 3, activation: .tanh, bias: false)
        },
        LayerCase("3x3 same in groups of 16 channels, odd image", [17, 19, 1], front: 48) { g, x in
            _ = g.convolution(x, 48, groups: 3, kernel: 3, padding: .same)
        },
        LayerCase("3x3 valid in groups of 16 channels to 32", [18, 20, 1], front: 32) { g, x in
            _ = g.convolution(x, 64, groups: 2, kernel: 3, bias: false)
        },
    ]

    /// The same with kernels larger than the cache.
    static let wideWinograds = [
        LayerCase("3x3 same, 256 to 272 channels", [27, 29, 1], front: 256) { g, x in
            _ = g.convolution(x, 272, kernel: 3, padding: .same, activation: .relu)
        }
    ]

    /// Without ReLUs, which turn small differences near zero into large ones; of four samples, and of one.
    static let linearWinograds = [
        LayerCase("3x3 same, 32 to 48 channels, odd image", [17, 19, 1], front: 32) { g, x in
            _ = g.convolution(x, 48, kernel: 3, padding: .same)
        },
        LayerCase("3x3 valid, 48 to 32 channels, even image", [18, 20, 1], front: 48) { g, x in
            _ = g.convolution(x, 32, kernel: 3, bias: false)
        },
        LayerCase("3x3 same, 272 to 256 channels", [27, 29, 1], front: 272) { g, x in
            _ = g.convolution(x, 256, kernel: 3, padding: .same)
        },
        LayerCase("3x3 same in groups of 48 channels to 32", [17, 19, 1], front: 96) { g, x in
            _ = g.convolution(x, 64, groups: 2, kernel: 3, padding: .same)
        },
    ]

    /// Branches side by side, and scaled residuals.
    static let merges = [
        LayerCase("concatenation of whole blocks", [5, 4, 1], front: 16) { g, x in
            let y = g.convolution(x, 32, kernel: 3, padding: .same, activation: .relu)
            _ = g.convolution(g.concatenation([x, y, x]), 5, kernel: 3)
        },
        LayerCase("concatenation of odd channels", [4, 5, 1], front: 3) { g, x in
            let y = g.convolution(x, 17, kernel: 3, padding: .same)
            _ = g.convolution(g.concatenation([y, x, g.convolution(x, 5, kernel: 1)]), 2, kernel: 2)
        },
        LayerCase("concatenation of the input itself", [4, 3, 5]) { g, x in
            _ = g.concatenation([g.convolution(x, 2, kernel: 1), x])
        },
        LayerCase("concatenation of rectified branches, then a maximum", [7, 6, 1]) { g, x in
            let branches = [16, 16].map { g.convolution(x, $0, kernel: 3, padding: .same, activation: .relu) }
            _ = g.maxPooling(g.concatenation(branches), 3, stride: 2, padding: .ceil)
        },
        LayerCase("concatenation at the end", [3, 4, 1], front: 3) { g, x in
            _ = g.concatenation([g.maxPooling(x, 2), g.averagePooling(x, 2), g.convolution(x, 5, kernel: 2, stride: 2)])
        },
        LayerCase("concatenation of vectors", [7], front: 5) { g, x in
            _ = g.dense(g.concatenation([x, g.dense(x, 4, activation: .tanh), x]), 3)
        },
        LayerCase("factor", [4, 3, 1], front: 5) { g, x in _ = g.convolution(g.scale(x, by: -1.7), 3, kernel: 2) },
        LayerCase("factor of a vector", [4], front: 5) { g, x in _ = g.activation(g.scale(x, by: 0.3), .tanh) },
        LayerCase("scaled residual, fused relu", [5, 4, 1], front: 17) { g, x in
            let residual = g.convolution(x, 17, kernel: 3, padding: .same)
            _ = g.convolution(g.activation(g.sum(x, residual, scaledBy: 0.17), .relu), 3, kernel: 1)
        },
        LayerCase("scaled residual of the input itself", [5], front: 4) { g, x in
            _ = g.dense(g.sum(x, x, scaledBy: -0.4), 3)
        },
        LayerCase("scaled residual of the network's input", [4, 5, 3]) { g, x in
            _ = g.sum(x, g.convolution(x, 3, kernel: 3, padding: .same), scaledBy: 0.2)
        },
    ]

    /// With constants that make neighbours count.
    static let responses = [
        LayerCase("response normalization", [4, 3, 1], front: 17) { g, x in
            _ = g.localResponseNormalization(x, k: 2, alpha: 0.3, beta: 0.75)
        },
        LayerCase("response normalization of whole blocks", [5, 3, 1], front: 32) { g, x in
            _ = g.convolution(g.localResponseNormalization(x, k: 1, alpha: 0.3), 2, kernel: 2)
        },
        LayerCase("response normalization, window of 3", [3, 4, 1], front: 5) { g, x in
            _ = g.convolution(g.localResponseNormalization(x, size: 3, k: 1, alpha: 0.4, beta: 0.6), 2, kernel: 2)
        },
        LayerCase("response normalization, wider than the image", [3, 2, 1], front: 3) { g, x in
            _ = g.localResponseNormalization(x, size: 9, k: 1.5, alpha: 0.2, beta: 1)
        },
        LayerCase("response normalization of a relu, then a maximum", [6, 5, 1]) { g, x in
            let y = g.convolution(x, 16, kernel: 3, padding: .same, activation: .relu)
            _ = g.maxPooling(g.localResponseNormalization(y, alpha: 0.3), 3, stride: 2)
        },
    ]

    static let resamplings = [
        LayerCase("up-sampling", [3, 4, 1], front: 17) { g, x in
            _ = g.convolution(g.upSampling(x), 3, kernel: 3, padding: .same)
        },
        LayerCase("up-sampling 3x1", [3, 2, 1], front: 5) { g, x in
            _ = g.convolution(g.upSampling(x, Extent2D(height: 3, width: 1)), 2, kernel: 2)
        },
        LayerCase("up-sampling 1x5 of the input", [2, 3, 2]) { g, x in
            _ = g.convolution(g.upSampling(x, Extent2D(height: 1, width: 5)), 2, kernel: 2)
        },
        LayerCase("identity shortcut, odd image", [5, 7, 1], front: 3) { g, x in
            _ = g.convolution(g.identityShortcut(x, 5), 2, kernel: 2)
        },
        LayerCase("identity shortcut beside its block", [6, 5, 1], front: 16) { g, x in
            let y = g.convolution(x, 32, kernel: 3, stride: 2, padding: .same)
            _ = g.activation(g.sum(g.identityShortcut(x, 32), y), .relu)
        },
        LayerCase("identity shortcut, stride 1x3", [3, 8, 1], front: 5) { g, x in
            _ = g.identityShortcut(x, 17, stride: Extent2D(height: 1, width: 3))
        },
    ]

    static let dilations = [
        LayerCase("dilated 3x3", [8, 7, 1], front: 3) { g, x in _ = g.convolution(x, 5, kernel: 3, dilation: 2) },
        LayerCase("dilated 3x2 same", [6, 7, 1], front: 17) { g, x in
            let kernel = Extent2D(height: 3, width: 2)
            _ = g.convolution(x, 5, kernel: kernel, dilation: Extent2D(height: 1, width: 3), padding: .same)
        },
        LayerCase("dilated 2x3 same, further than the image", [3, 4, 1], front: 5) { g, x in
            let kernel = Extent2D(height: 2, width: 3)
            _ = g.convolution(x, 3, kernel: kernel, dilation: Extent2D(height: 2, width: 3), padding: .same)
        },
        LayerCase("dilated, zeros before", [6, 5, 2]) { g, x in
            _ = g.convolution(g.zeroPadding(x, Margins2D(2)), 3, kernel: 3, dilation: 2)
        },
    ]

    /// The factorised kernels of the Inception networks.
    static let strips = [(1, 7), (7, 1), (1, 3), (3, 1)].flatMap { height, width in
        let kernel = Extent2D(height: height, width: width)
        return [
            LayerCase("\(kernel) same", [5, 6, 1], front: 17) { g, x in
                _ = g.convolution(x, 3, kernel: kernel, padding: .same)
            },
            LayerCase("\(kernel) same, stride 3x2", [8, 9, 1], front: 5) { g, x in
                let stride = Extent2D(height: 3, width: 2)
                _ = g.convolution(x, 17, kernel: kernel, stride: stride, padding: .same, activation: .relu)
            },
            LayerCase("\(kernel) valid, stride 2", [8, 9, 1], front: 3) { g, x in
                _ = g.convolution(x, 5, kernel: kernel, stride: 2)
            },
        ]
    }

    /// Layers that do not train, above and between others that do.
    static let frozen = [
        LayerCase("frozen convolution between", [5, 4, 1], front: 5) { g, x in
            let y = withoutTraining(&g) { $0.convolution(x, 3, kernel: 3, activation: .relu) }
            _ = g.convolution(y, 2, kernel: 2)
        },
        LayerCase("frozen first layers", [6, 5, 2]) { g, x in
            let y = withoutTraining(&g) { g in
                g.maxPooling(g.batchNormalization(g.convolution(x, 17, kernel: 3, activation: .relu)))
            }
            _ = g.dense(g.flatten(y), 3)
        },
        LayerCase("frozen normalization", [4, 3, 4], front: 5) { g, x in
            _ = withoutTraining(&g) { $0.batchNormalization(x) }
        },
        LayerCase("frozen normalization without scale, fused relu", [4, 3, 4], front: 17) { g, x in
            let y = withoutTraining(&g) { $0.activation($0.batchNormalization(x, scale: false), .relu) }
            _ = g.convolution(y, 2, kernel: 2)
        },
        LayerCase("frozen normalization of a vector, beside one that trains", [5], front: 3) { g, x in
            let y = withoutTraining(&g) { $0.batchNormalization($0.dense(x, 4)) }
            _ = g.dense(g.batchNormalization(y), 3)
        },
        LayerCase("only normalization trains", [5, 4, 2]) { g, x in
            g.trains = { if case .batchNormalization = $0 { true } else { false } }
            let y = g.activation(g.batchNormalization(g.convolution(x, 17, kernel: 3, padding: .same)), .relu)
            _ = g.batchNormalization(g.convolution(g.sum(y, g.convolution(y, 17, kernel: 1)), 3, kernel: 3))
        },
    ]

    private static func withoutTraining<Result>(
        _ graph: inout GraphBuilder, _ body: (inout GraphBuilder) -> Result
    ) -> Result {
        graph.trains = { _ in false }
        defer { graph.trains = { _ in true } }
        return body(&graph)
    }
}
