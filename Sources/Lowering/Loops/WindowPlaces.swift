import Basics
import Models

/// The places of a convolution's window over row-major images, for loops along channels.
struct WindowPlaces {
    private let window: Window2D
    private let samples: Int
    private let input: Shape
    private let output: Shape
    private let margins: Margins2D

    init(_ window: Window2D, _ operation: Operation, samples: Int) {
        (self.window, self.samples) = (window, samples)
        (input, output, margins) = (operation.inputShapes[0], operation.outputShape, operation.margins)
    }

    /// Floats of all images.
    var inputCount: Int { samples * input.count }
    private var pixels: Int { samples * output[0] * output[1] }

    /// Makes all pixels of the output the bias, or zero.
    func fill(_ y: UnsafeMutablePointer<Float>, _ bias: UnsafePointer<Float>?) {
        let width = output[2]
        for pixel in 0..<pixels {
            let y = y + pixel * width
            if let bias { y.update(from: bias, count: width) } else { y.update(repeating: 0, count: width) }
        }
    }

    /// The bias's gradient: the sum over all pixels of the output.
    func sum(_ dy: UnsafePointer<Float>, into gradient: UnsafeMutablePointer<Float>) {
        let width = output[2]
        gradient.update(repeating: 0, count: width)
        for pixel in 0..<pixels {
            let dy = dy + pixel * width
            for c in 0..<width { gradient[c] += dy[c] }
        }
    }

    /// Each place of the window over each pixel of the output, where it sees a pixel of the image: the place's number, where
    /// the image's pixel begins, and where the output's.
    @inline(__always)
    func forEach(_ body: (_ tap: Int, _ source: Int, _ target: Int) -> Void) {
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
                            let source = ((sample * input[0] + y) * input[1] + x) * input[2]
                            body(i * window.size.width + j, source, target)
                        }
                    }
                }
            }
        }
    }
}
