import Basics
import Models

extension TransposedConvolution2D: PlainlyComputed {
    package func loops(for operation: Operation, samples: Int) -> (any PlainLayer)? {
        TransposedConvolutionLoops(self, operation, samples: samples)
    }
}

/// A transposed convolution: loops over the places of the conjugate convolution's window, which sees the output. Kernels are
/// [height, width, filter, input]: inner loops run along inputs.
struct TransposedConvolutionLoops: PlainLayer {
    private let layer: TransposedConvolution2D
    /// Over the output, for each pixel of the input.
    private let places: WindowPlaces
    private let samples: Int
    private let output: Shape
    private let inputs: Int
    private let inputCount: Int

    init(_ layer: TransposedConvolution2D, _ operation: Operation, samples: Int) {
        self.layer = layer
        self.samples = samples
        places = WindowPlaces(layer.window, operation.conjugate(layer), samples: samples)
        output = operation.outputShape
        (inputs, inputCount) = (operation.inputShapes[0][2], operation.inputShapes[0].count)
    }

    var kept: KeptValues { .inputs }

    private var tapSize: Int { layer.filters * inputs }

    func forward(
        _ x: [UnsafePointer<Float>], _ parameters: [UnsafePointer<Float>], into y: UnsafeMutablePointer<Float>,
        scratch: UnsafeMutablePointer<Float>
    ) {
        let pixels = samples * output[0] * output[1]
        if layer.usesBias {
            for pixel in 0..<pixels { (y + pixel * layer.filters).update(from: parameters[1], count: layer.filters) }
        } else {
            y.update(repeating: 0, count: pixels * layer.filters)
        }
        places.forEach { tap, place, pixel in
            let (x, y, w) = (x[0] + pixel, y + place, parameters[0] + tap * tapSize)
            for filter in 0..<layer.filters { y[filter] += dot(x, w + filter * inputs, inputs) }
        }
    }

    func backward(
        _ dy: UnsafePointer<Float>, kept: [UnsafePointer<Float>], _ parameters: [UnsafePointer<Float>],
        into dx: [UnsafeMutablePointer<Float>?], gradients: [UnsafeMutablePointer<Float>?],
        scratch: UnsafeMutablePointer<Float>
    ) {
        let (dx, gradient) = (dx[0], gradients[0])
        gradient?.update(repeating: 0, count: layer.window.size.count * tapSize)
        dx?.update(repeating: 0, count: samples * inputCount)
        places.forEach { tap, place, pixel in
            let (x, dy) = (kept[0] + pixel, dy + place)
            if let gradient = gradient.map({ $0 + tap * tapSize }) {
                for filter in 0..<layer.filters {
                    let row = gradient + filter * inputs
                    for i in 0..<inputs { row[i] += x[i] * dy[filter] }
                }
            }
            if let dx = dx.map({ $0 + pixel }) {
                for filter in 0..<layer.filters {
                    let w = parameters[0] + tap * tapSize + filter * inputs
                    for i in 0..<inputs { dx[i] += w[i] * dy[filter] }
                }
            }
        }
        if layer.usesBias, let gradient = gradients[1] { sumPixels(dy, into: gradient) }
    }

    /// The bias's gradient.
    private func sumPixels(_ dy: UnsafePointer<Float>, into gradient: UnsafeMutablePointer<Float>) {
        gradient.update(repeating: 0, count: layer.filters)
        for pixel in 0..<samples * output[0] * output[1] {
            let dy = dy + pixel * layer.filters
            for filter in 0..<layer.filters { gradient[filter] += dy[filter] }
        }
    }
}
