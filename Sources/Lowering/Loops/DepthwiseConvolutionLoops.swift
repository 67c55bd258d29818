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
    private let places: WindowPlaces
    private let channels: Int

    init(_ layer: DepthwiseConvolution2D, _ operation: Operation, samples: Int) {
        self.layer = layer
        places = WindowPlaces(layer.window, operation, samples: samples)
        channels = operation.inputShapes[0][2]
    }

    var kept: KeptValues { .inputs }

    private var multiplier: Int { layer.multiplier }
    private var width: Int { channels * multiplier }

    func forward(
        _ x: [UnsafePointer<Float>], _ parameters: [UnsafePointer<Float>], into y: UnsafeMutablePointer<Float>,
        scratch: UnsafeMutablePointer<Float>
    ) {
        places.fill(y, layer.usesBias ? parameters[1] : nil)
        places.forEach { tap, source, target in
            let (x, y, w) = (x[0] + source, y + target, parameters[0] + tap * width)
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
        let (x, dx, kernel, gradient) = (kept[0], dx[0], parameters[0], gradients[0])
        gradient?.update(repeating: 0, count: layer.window.size.count * width)
        dx?.update(repeating: 0, count: places.inputCount)
        places.forEach { tap, source, target in
            let (x, dy, w) = (x + source, dy + target, kernel + tap * width)
            if let gradient = gradient.map({ $0 + tap * width }) {
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
        if layer.usesBias, let gradient = gradients[1] { places.sum(dy, into: gradient) }
    }
}
