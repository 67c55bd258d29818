import Basics
import Execution
import Lowering
import Models

/// Padding puts the rows of images among zeros, where no operation after it takes the zeros as margins of its own.
struct FramedRows: PixelMoves {
    private let samples: Int
    private let height: Int
    /// Floats of a row of the image, and of a padded row.
    let runCount: Int
    let repeats = false
    private let paddedRowCount: Int
    private let paddedImageCount: Int
    private let firstPixel: Int

    init(_ operation: Operation, samples: Int) {
        let (input, output, margins) = (operation.inputShapes[0], operation.outputShape, operation.margins)
        self.samples = samples
        height = input[0]
        runCount = input[1] * input[2]
        paddedRowCount = output[1] * output[2]
        paddedImageCount = output.count
        firstPixel = margins.top * paddedRowCount + margins.left * output[2]
    }

    @inline(__always)
    func forEachRun(_ body: (_ input: Int, _ output: Int) -> Void) {
        for sample in 0..<samples {
            for row in 0..<height {
                body(
                    (sample * height + row) * runCount,
                    sample * paddedImageCount + firstPixel + row * paddedRowCount)
            }
        }
    }
}
