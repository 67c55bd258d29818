import Basics
import Execution
import Lowering
import Models

/// An up-sampling repeats pixels.
struct RepeatedPixels: PixelMoves {
    let runCount: Int
    let repeats = true
    private let rows: Int
    private let width: Int
    private let factor: Extent2D

    init(_ layer: UpSampling2D, _ operation: Operation, samples: Int) {
        let image = operation.inputShapes[0]
        (rows, width, runCount) = (samples * image[0], image[1], image[2])
        factor = layer.factor
    }

    @inline(__always)
    func forEachRun(_ body: (_ input: Int, _ output: Int) -> Void) {
        let manyColumns = width * factor.width
        for row in 0..<rows * factor.height {
            let source = row / factor.height * width
            for column in 0..<manyColumns {
                body((source + column / factor.width) * runCount, (row * manyColumns + column) * runCount)
            }
        }
    }
}

/// An identity shortcut keeps some pixels, as the first of its output's channels.
struct KeptPixels: PixelMoves {
    let runCount: Int
    let repeats = false
    private let samples: Int
    private let input: Shape
    private let output: Shape
    private let stride: Extent2D

    init(_ layer: IdentityShortcut, _ operation: Operation, samples: Int) {
        (input, output) = (operation.inputShapes[0], operation.outputShape)
        self.samples = samples
        runCount = input[2]
        stride = layer.stride
    }

    @inline(__always)
    func forEachRun(_ body: (_ input: Int, _ output: Int) -> Void) {
        let (inputHeight, inputWidth) = (input[0], input[1])
        let (height, width, filters) = (output[0], output[1], output[2])
        for sample in 0..<samples {
            for y in 0..<height {
                for x in 0..<width {
                    let pixel = (sample * inputHeight + y * stride.height) * inputWidth + x * stride.width
                    body(pixel * runCount, ((sample * height + y) * width + x) * filters)
                }
            }
        }
    }
}
