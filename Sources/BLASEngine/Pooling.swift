import Basics
import Execution
import Lowering
import Models

/// Maxima and means of windows and of whole images.
extension BLASCompiler {
    func emitPooling(_ layer: Pooling2D, _ operation: Operation, _ input: Tensor) -> (Tensor, Saved) {
        let kernel = PoolingKernel(window: ImageWindow(layer.window, of: operation), samples: samples)
        let output = newTensor(operation.outputShape.count)
        switch layer.kind {
        case .max:
            let places = builder.activation(
                bytes: samples * output.width * MemoryLayout<Int32>.stride, of: .other)
            builder.emit(reads: [input.buffer], writes: [output.buffer, places]) { memory in
                let (x, y) = (memory.floats(input.buffer), memory.floats(output.buffer))
                let places = memory[places].assumingMemoryBound(to: Int32.self)
                return { _ in kernel.maximum(x, y, places) }
            }
            return (output, Saved(input: input.buffer, output: output.buffer, notes: places))
        case .average:
            builder.emit(reads: [input.buffer], writes: [output.buffer]) { memory in
                let (x, y) = (memory.floats(input.buffer), memory.floats(output.buffer))
                return { _ in kernel.mean(x, y) }
            }
            return (output, Saved(input: input.buffer, output: output.buffer))
        }
    }

    func emitPoolingBackward(
        _ layer: Pooling2D, _ operation: Operation, _ saved: Saved, _ gradient: Tensor
    ) -> Tensor {
        let kernel = PoolingKernel(window: ImageWindow(layer.window, of: operation), samples: samples)
        let result = newTensor(operation.inputShapes[0].count)
        if let places = saved.notes {
            builder.emit(reads: [gradient.buffer, places], writes: [result.buffer]) { memory in
                let (dy, dx) = (memory.floats(gradient.buffer), memory.floats(result.buffer))
                let places = memory[places].assumingMemoryBound(to: Int32.self)
                return { _ in kernel.maximumBackward(dy, places, dx) }
            }
        } else {
            builder.emit(reads: [gradient.buffer], writes: [result.buffer]) { memory in
                let (dy, dx) = (memory.floats(gradient.buffer), memory.floats(result.buffer))
                return { _ in kernel.meanBackward(dy, dx) }
            }
        }
        return result
    }

    func emitGlobalAverage(_ operation: Operation, _ input: Tensor) -> (Tensor, Saved) {
        let output = newTensor(operation.outputShape.count)
        let (samples, channels, pixels) = (samples, output.width, input.width / output.width)
        let scratch = builder.scratch(bytes: ChannelSums.scratchBytes(channels: channels))
        builder.emit(reads: [input.buffer, scratch], writes: [output.buffer]) { memory in
            let (x, y) = (memory.floats(input.buffer), memory.floats(output.buffer))
            let sums = ChannelSums(pixels: pixels, channels: channels, scratch: memory[scratch])
            return { _ in
                for sample in 0..<samples {
                    let image = x + sample * pixels * channels
                    sums.sum(into: y + sample * channels, scale: 1 / Double(pixels)) { i, _ in image[i] }
                }
            }
        }
        return (output, Saved(input: input.buffer, output: output.buffer))
    }

    func emitGlobalAverageBackward(_ operation: Operation, _ gradient: Tensor) -> Tensor {
        let result = newTensor(operation.inputShapes[0].count)
        let (samples, channels, pixels) = (samples, gradient.width, result.width / gradient.width)
        builder.emit(reads: [gradient.buffer], writes: [result.buffer]) { memory in
            let (dy, dx) = (memory.floats(gradient.buffer), memory.floats(result.buffer))
            return { _ in
                let share = 1 / Float(pixels)
                for sample in 0..<samples {
                    let source = dy + sample * channels
                    for pixel in 0..<pixels {
                        let target = dx + (sample * pixels + pixel) * channels
                        for c in 0..<channels { target[c] = source[c] * share }
                    }
                }
            }
        }
        return result
    }
}

/// A window over every image of the shard, all channels of a pixel at a time.
private struct PoolingKernel {
    let window: ImageWindow
    let samples: Int

    /// `places` are where in its image each maximum was first met. A NaN counts as the largest, so that it is not lost.
    func maximum(
        _ x: UnsafePointer<Float>, _ y: UnsafeMutablePointer<Float>, _ places: UnsafeMutablePointer<Int32>
    ) {
        let channels = window.channels
        forEachOutput { image, rows, columns, output in
            let (source, largest, places) = (x + image, y + output, places + output)
            let first = (rows.lowerBound * window.width + columns.lowerBound) * channels
            for c in 0..<channels {
                largest[c] = source[first + c]
                places[c] = Int32(truncatingIfNeeded: first + c)
            }
            for row in rows {
                for column in columns {
                    let place = (row * window.width + column) * channels
                    for c in 0..<channels {
                        let value = source[place + c]
                        if value > largest[c] || value != value {
                            largest[c] = value
                            places[c] = Int32(truncatingIfNeeded: place + c)
                        }
                    }
                }
            }
        }
    }

    func maximumBackward(
        _ dy: UnsafePointer<Float>, _ places: UnsafePointer<Int32>, _ dx: UnsafeMutablePointer<Float>
    ) {
        dx.update(repeating: 0, count: samples * window.imageCount)
        let channels = window.channels
        forEachOutput { image, _, _, output in
            let target = dx + image
            for i in output..<output + channels { target[Int(places[i])] += dy[i] }
        }
    }

    func mean(_ x: UnsafePointer<Float>, _ y: UnsafeMutablePointer<Float>) {
        let channels = window.channels
        forEachOutput { image, rows, columns, output in
            let (source, result) = (x + image, y + output)
            result.update(repeating: 0, count: channels)
            for row in rows {
                for column in columns {
                    let pixel = source + (row * window.width + column) * channels
                    for c in 0..<channels { result[c] += pixel[c] }
                }
            }
            let share = 1 / Float(rows.count * columns.count)
            for c in 0..<channels { result[c] *= share }
        }
    }

    func meanBackward(_ dy: UnsafePointer<Float>, _ dx: UnsafeMutablePointer<Float>) {
        dx.update(repeating: 0, count: samples * window.imageCount)
        let channels = window.channels
        forEachOutput { image, rows, columns, output in
            let (source, target) = (dy + output, dx + image)
            let share = 1 / Float(rows.count * columns.count)
            for row in rows {
                for column in columns {
                    let pixel = target + (row * window.width + column) * channels
                    for c in 0..<channels { pixel[c] += source[c] * share }
                }
            }
        }
    }

    /// Calls `body` for each place of the window with the offset of its image, the rows and columns of the image it
    /// covers, and the offset of its output; offsets in floats.
    @inline(__always)
    private func forEachOutput(
        _ body: (_ image: Int, _ rows: Range<Int>, _ columns: Range<Int>, _ output: Int) -> Void
    ) {
        var output = 0
        for sample in 0..<samples {
            for y in 0..<window.output.height {
                let rows = window.rows(y)
                for x in 0..<window.output.width {
                    body(sample * window.imageCount, rows, window.columns(x), output)
                    output += window.channels
                }
            }
        }
    }
}
