import Execution
import Models
import NumericCore

/// Images with zeros around them, where no operation after them takes the zeros as margins of its own.
extension BLASCompiler {
    func emitZeroPadding(_ operation: Operation, _ input: Tensor) -> (Tensor, Saved) {
        let frame = ImageFrame(operation, samples: samples)
        let output = newTensor(operation.outputShape.count)
        let count = samples * output.width
        builder.emit(reads: [input.buffer], writes: [output.buffer]) { memory in
            let (x, y) = (memory.floats(input.buffer), memory.floats(output.buffer))
            return { _ in
                y.update(repeating: 0, count: count)
                frame.forEachRow { inside, padded in (y + padded).update(from: x + inside, count: frame.rowCount) }
            }
        }
        return (output, Saved(input: input.buffer, output: output.buffer))
    }

    func emitZeroPaddingBackward(_ operation: Operation, _ gradient: Tensor) -> Tensor {
        let frame = ImageFrame(operation, samples: samples)
        let result = newTensor(operation.inputShapes[0].count)
        builder.emit(reads: [gradient.buffer], writes: [result.buffer]) { memory in
            let (dy, dx) = (memory.floats(gradient.buffer), memory.floats(result.buffer))
            return { _ in
                frame.forEachRow { inside, padded in (dx + inside).update(from: dy + padded, count: frame.rowCount) }
            }
        }
        return result
    }
}

/// Where the rows of images lie inside padded ones; in floats.
private struct ImageFrame {
    let samples: Int
    let height: Int
    /// Floats of a row of the image, and of a padded row.
    let rowCount: Int
    private let paddedRowCount: Int
    private let paddedImageCount: Int
    private let firstPixel: Int

    init(_ operation: Operation, samples: Int) {
        let (input, output, margins) = (operation.inputShapes[0], operation.outputShape, operation.margins)
        self.samples = samples
        height = input[0]
        rowCount = input[1] * input[2]
        paddedRowCount = output[1] * output[2]
        paddedImageCount = output.count
        firstPixel = margins.top * paddedRowCount + margins.left * output[2]
    }

    @inline(__always)
    func forEachRow(_ body: (_ inside: Int, _ padded: Int) -> Void) {
        for sample in 0..<samples {
            for row in 0..<height {
                body(
                    (sample * height + row) * rowCount,
                    sample * paddedImageCount + firstPixel + row * paddedRowCount)
            }
        }
    }
}
