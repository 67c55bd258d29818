import Basics
import Execution
import Lowering
import Models

/// A window on its way over one image [height, width, channels]: which pixels it covers where, and the image as a
/// matrix of what the window sees.
struct ImageWindow {
    let height: Int
    let width: Int
    let channels: Int
    let size: Extent2D
    let stride: Extent2D
    private let dilation: Extent2D
    let output: Extent2D
    private let top: Int
    private let left: Int

    init(_ window: Window2D, of operation: Operation) {
        let (input, output) = (operation.inputShapes[0], operation.outputShape)
        (height, width, channels) = (input[0], input[1], input[2])
        (size, stride, dilation) = (window.size, window.stride, window.dilation)
        self.output = Extent2D(height: output[0], width: output[1])
        (top, left) = (operation.margins.top, operation.margins.left)
    }

    /// Floats of an image.
    var imageCount: Int { height * width * channels }
    /// Floats of one place of the window.
    var patchCount: Int { size.count * channels }
    /// Whether the image is already the matrix.
    var isIdentity: Bool { size == 1 && stride == 1 && output == Extent2D(height: height, width: width) }

    /// Rows of the image under the window of a pooling at output row `y`, padding left out.
    func rows(_ y: Int) -> Range<Int> {
        let first = y * stride.height - top
        return max(first, 0)..<min(first + size.height, height)
    }

    /// Columns of the image under the window of a pooling at output column `x`, padding left out.
    func columns(_ x: Int) -> Range<Int> {
        let first = x * stride.width - left
        return max(first, 0)..<min(first + size.width, width)
    }

    /// Writes the matrix [output pixels, window rows * window columns * channels]; padding is zero.
    func unfold(_ image: UnsafePointer<Float>, into matrix: UnsafeMutablePointer<Float>) {
        forEachRun { run in
            let target = matrix + run.target
            target.update(repeating: 0, count: run.zerosBefore)
            (target + run.zerosBefore).update(from: image + run.source, count: run.count)
            (target + run.zerosBefore + run.count).update(repeating: 0, count: run.zerosAfter)
        }
    }

    /// Adds each element of such a matrix to the pixel it came from: the transpose of `unfold`.
    func fold(_ matrix: UnsafePointer<Float>, addingTo image: UnsafeMutablePointer<Float>) {
        forEachRun { run in
            let source = matrix + run.target + run.zerosBefore
            let target = image + run.source
            for i in 0..<run.count { target[i] += source[i] }
        }
    }

    /// One row of the window at one place, or one pixel of it where it is dilated: floats that are neighbours in the
    /// image and in the matrix.
    private struct Run {
        let target: Int
        let source: Int
        let zerosBefore: Int
        let count: Int
        let zerosAfter: Int
    }

    @inline(__always)
    private func forEachRun(_ body: (Run) -> Void) {
        // A dilated row is no run: its pixels are runs of their own.
        let runs = dilation.width == 1 ? 1 : size.width
        let width = size.width / runs
        let length = width * channels
        var target = 0
        for y in 0..<output.height {
            for x in 0..<output.width {
                for windowRow in 0..<size.height {
                    let row = y * stride.height - top + windowRow * dilation.height
                    for run in 0..<runs {
                        let column = x * stride.width - left + run * dilation.width
                        let first = min(max(column, 0), self.width)
                        let last = min(max(column + width, first), self.width)
                        if row >= 0, row < height, first < last {
                            let (before, count) = ((first - column) * channels, (last - first) * channels)
                            body(
                                Run(
                                    target: target, source: (row * self.width + first) * channels,
                                    zerosBefore: before, count: count, zerosAfter: length - before - count))
                        } else {
                            body(Run(target: target, source: 0, zerosBefore: length, count: 0, zerosAfter: 0))
                        }
                        target += length
                    }
                }
            }
        }
    }
}
