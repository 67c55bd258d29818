import Basics
import Models

extension DepthwiseConvolution2D: PlainlyComputed {
    package func loops(for operation: Operation, samples: Int) -> (any PlainLayer)? {
        DepthwiseConvolutionLoops(self, operation, samples: samples)
    }
}

/// A convolution of each channel on its own. Kernels are [height, width, channel, multiplier]: inner loops run along
/// channels, which are neighbours in images and in kernels.
struct DepthwiseConvolutionLoops: PlainLayer {
    private let layer: DepthwiseConvolution2D
    private let samples: Int
    private let input: Shape
    private let output: Shape
    private let margins: Margins2D

    init(_ layer: DepthwiseConvolution2D, _ operation: Operation, samples: Int) {
        self.layer = layer
        self.samples = samples
        (input, output) = (operation.inputShapes[0], operation.outputShape)
        margins = layer.window.margins(of: input)
    }

    var kept: KeptValues { .inputs }

    private var channels: Int { input[2] }
    private var multiplier: Int { layer.multiplier }

    func forward(
        _ x: [UnsafePointer<Float>], _ parameters: [UnsafePointer<Float>], into y: UnsafeMutablePointer<Float>,
        scratch: UnsafeMutablePointer<Float>
    ) {
        let (kernel, bias) = (parameters[0], layer.usesBias ? parameters[1] : nil)
        let width = output[2]
        for pixel in 0..<samples * output[0] * output[1] {
            let y = y + pixel * width
            if let bias { y.update(from: bias, count: width) } else { y.update(repeating: 0, count: width) }
        }
        forEachTap { tap, source, target in
            let (x, y, w) = (x[0] + source, y + target, kernel + tap)
            if multiplier == 1 {
                for c in 0..<channels { y[c] += x[c] * w[c] }
            } else {
                for c in 0..<channels {
                    for m in c * multiplier..<(c + 1) * multiplier { y[m] += x[c] * w[m] }
                }
            }
        }
    }

    func backward(
        _ dy: UnsafePointer<Float>, kept: [UnsafePointer<Float>], _ parameters: [UnsafePointer<Float>],
        into dx: [UnsafeMutablePointer<Float>?], gradients: [UnsafeMutablePointer<Float>?],
        scratch: UnsafeMutablePointer<Float>
    ) {
        let width = output[2]
        let (x, dx, kernel, gradient) = (kept[0], dx[0], parameters[0], gradients[0])
        gradient?.update(repeating: 0, count: layer.window.size.count * width)
        dx?.update(repeating: 0, count: samples * input.count)
        forEachTap { tap, source, target in
            let (x, dy, w) = (x + source, dy + target, kernel + tap)
            if let gradient = gradient.map({ $0 + tap }) {
                for c in 0..<channels {
                    for m in c * multiplier..<(c + 1) * multiplier { gradient[m] += x[c] * dy[m] }
                }
            }
            if let dx = dx.map({ $0 + source }) {
                for c in 0..<channels {
                    for m in c * multiplier..<(c + 1) * multiplier { dx[c] += w[m] * dy[m] }
                }
            }
        }
        guard layer.usesBias, let gradient = gradients[1] else { return }
        gradient.update(repeating: 0, count: width)
        for pixel in 0..<samples * output[0] * output[1] {
            let dy = dy + pixel * width
            for c in 0..<width { gradient[c] += dy[c] }
        }
    }

    /// Each place of the window over each pixel of the output, where it sees a pixel of the image: where the place's weights, the
    /// image's pixel and the output's begin.
    @inline(__always)
    private func forEachTap(_ body: (_ tap: Int, _ source: Int, _ target: Int) -> Void) {
        let window = layer.window
        for sample in 0..<samples {
            for row in 0..<output[0] {
                for column in 0..<output[1] {
                    let target = ((sample * output[0] + row) * output[1] + column) * output[2]
                    for i in 0..<window.size.height {
                        let y = row * window.stride.height + i * window.dilation.height - margins.top
                        guard y >= 0, y < input[0] else { continue }
                        for j in 0..<window.size.width {
                            let x = column * window.stride.width + j * window.dilation.width - margins.left
                            guard x >= 0, x < input[1] else { continue }
                            let source = ((sample * input[0] + y) * input[1] + x) * channels
                            body((i * window.size.width + j) * output[2], source, target)
                        }
                    }
                }
            }
        }
    }
}
