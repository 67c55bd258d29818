import Execution
import Models
import NumericCore

/// Pixels repeated, and pixels left out.
extension BLASCompiler {
    func emitUpSampling(_ layer: UpSampling2D, _ operation: Operation, _ input: Tensor) -> (Tensor, Saved) {
        let map = PixelMap(operation.inputShapes[0], repeatedBy: layer.factor, samples: samples)
        let output = newTensor(operation.outputShape.count)
        builder.emit(reads: [input.buffer], writes: [output.buffer]) { memory in
            let (x, y) = (memory.floats(input.buffer), memory.floats(output.buffer))
            return { _ in map.forEachPair { few, many in (y + many).update(from: x + few, count: map.channels) } }
        }
        return (output, Saved(input: input.buffer, output: output.buffer))
    }

    /// Each pixel gets the sum over its repetitions.
    func emitUpSamplingBackward(_ layer: UpSampling2D, _ operation: Operation, _ gradient: Tensor) -> Tensor {
        let map = PixelMap(operation.inputShapes[0], repeatedBy: layer.factor, samples: samples)
        let result = newTensor(operation.inputShapes[0].count)
        let count = samples * result.width
        builder.emit(reads: [gradient.buffer], writes: [result.buffer]) { memory in
            let (dy, dx) = (memory.floats(gradient.buffer), memory.floats(result.buffer))
            return { _ in
                dx.update(repeating: 0, count: count)
                map.forEachPair { few, many in add(dx + few, dy + many, into: dx + few, map.channels) }
            }
        }
        return result
    }

    func emitShortcut(_ layer: IdentityShortcut, _ operation: Operation, _ input: Tensor) -> (Tensor, Saved) {
        let map = ShortcutMap(layer, operation, samples: samples)
        let output = newTensor(operation.outputShape.count)
        let count = samples * output.width
        builder.emit(reads: [input.buffer], writes: [output.buffer]) { memory in
            let (x, y) = (memory.floats(input.buffer), memory.floats(output.buffer))
            return { _ in
                y.update(repeating: 0, count: count)
                map.forEachPair { image, shortcut in (y + shortcut).update(from: x + image, count: map.channels) }
            }
        }
        return (output, Saved(input: input.buffer, output: output.buffer))
    }

    func emitShortcutBackward(_ layer: IdentityShortcut, _ operation: Operation, _ gradient: Tensor) -> Tensor {
        let map = ShortcutMap(layer, operation, samples: samples)
        let result = newTensor(operation.inputShapes[0].count)
        let count = samples * result.width
        builder.emit(reads: [gradient.buffer], writes: [result.buffer]) { memory in
            let (dy, dx) = (memory.floats(gradient.buffer), memory.floats(result.buffer))
            return { _ in
                dx.update(repeating: 0, count: count)
                map.forEachPair { image, shortcut in (dx + image).update(from: dy + shortcut, count: map.channels) }
            }
        }
        return result
    }
}

/// Where each pixel of the larger images comes from; in floats.
private struct PixelMap {
    let channels: Int
    private let rows: Int
    private let width: Int
    private let factor: Extent2D

    init(_ image: Shape, repeatedBy factor: Extent2D, samples: Int) {
        (rows, width, channels) = (samples * image[0], image[1], image[2])
        self.factor = factor
    }

    @inline(__always)
    func forEachPair(_ body: (_ few: Int, _ many: Int) -> Void) {
        let manyColumns = width * factor.width
        for row in 0..<rows * factor.height {
            let source = row / factor.height * width
            for column in 0..<manyColumns {
                body((source + column / factor.width) * channels, (row * manyColumns + column) * channels)
            }
        }
    }
}

/// Where the pixels that a shortcut keeps lie in its input and its output; in floats.
private struct ShortcutMap {
    /// Of the input.
    let channels: Int
    private let samples: Int
    private let input: Shape
    private let output: Shape
    private let stride: Extent2D

    init(_ layer: IdentityShortcut, _ operation: Operation, samples: Int) {
        (input, output) = (operation.inputShapes[0], operation.outputShape)
        self.samples = samples
        channels = input[2]
        stride = layer.stride
    }

    @inline(__always)
    func forEachPair(_ body: (_ image: Int, _ shortcut: Int) -> Void) {
        let (inputHeight, inputWidth) = (input[0], input[1])
        let (height, width, filters) = (output[0], output[1], output[2])
        for sample in 0..<samples {
            for y in 0..<height {
                for x in 0..<width {
                    let pixel = (sample * inputHeight + y * stride.height) * inputWidth + x * stride.width
                    body(pixel * channels, ((sample * height + y) * width + x) * filters)
                }
            }
        }
    }
}
