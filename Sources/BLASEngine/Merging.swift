import Basics
import Execution
import Lowering
import Models

/// Scaled residuals, and channels side by side.
extension BLASCompiler {
    func emitScale(_ layer: Scale, _ operation: Operation, _ inputs: [Tensor]) -> (Tensor, Saved) {
        let output = newTensor(inputs[0].width)
        let count = samples * output.width
        builder.emit(reads: inputs.map(\.buffer), writes: [output.buffer]) { memory in
            let (factor, activation) = (layer.factor, operation.activation)
            let (x, y) = (memory.floats(inputs[0].buffer), memory.floats(output.buffer))
            let residual = inputs.count > 1 ? memory.floats(inputs[1].buffer) : nil
            return { _ in
                if let residual {
                    for i in 0..<count { y[i] = x[i] + factor * residual[i] }
                } else {
                    multiply(x, by: factor, into: y, count)
                }
                activate(y, count, activation)
            }
        }
        return (output, Saved(input: inputs[0].buffer, output: output.buffer))
    }

    /// The last input is the scaled one; one before it gets the gradient as it is.
    func emitScaleBackward(_ layer: Scale, _ gradient: Tensor, wanted: [Bool]) -> [Tensor?] {
        wanted.enumerated().map { place, isWanted in
            guard isWanted else { return nil }
            guard place == wanted.count - 1 else { return gradient }
            let result = newTensor(gradient.width)
            let count = samples * result.width
            builder.emit(reads: [gradient.buffer], writes: [result.buffer]) { memory in
                let (dy, dx) = (memory.floats(gradient.buffer), memory.floats(result.buffer))
                return { _ in multiply(dy, by: layer.factor, into: dx, count) }
            }
            return result
        }
    }

    func emitConcatenation(_ operation: Operation, _ inputs: [Tensor]) -> (Tensor, Saved) {
        let output = newTensor(operation.outputShape.count)
        let parts = ChannelPart.parts(of: operation, samples: samples)
        builder.emit(reads: inputs.map(\.buffer), writes: [output.buffer]) { memory in
            let (sources, y) = (inputs.map { memory.floats($0.buffer) }, memory.floats(output.buffer))
            return { _ in
                for (part, source) in zip(parts, sources) {
                    part.forEachPixel { own, whole in (y + whole).update(from: source + own, count: part.channels) }
                }
            }
        }
        return (output, Saved(input: inputs[0].buffer, output: output.buffer))
    }

    func emitConcatenationBackward(_ operation: Operation, _ gradient: Tensor, wanted: [Bool]) -> [Tensor?] {
        let parts = ChannelPart.parts(of: operation, samples: samples)
        return wanted.enumerated().map { place, isWanted in
            guard isWanted else { return nil }
            let part = parts[place]
            let result = newTensor(operation.inputShapes[place].count)
            builder.emit(reads: [gradient.buffer], writes: [result.buffer]) { memory in
                let (dy, dx) = (memory.floats(gradient.buffer), memory.floats(result.buffer))
                return { _ in
                    part.forEachPixel { own, whole in (dx + own).update(from: dy + whole, count: part.channels) }
                }
            }
            return result
        }
    }
}

/// b = factor a
private func multiply(
    _ a: UnsafePointer<Float>, by factor: Float, into b: UnsafeMutablePointer<Float>, _ count: Int
) {
    for i in 0..<count { b[i] = factor * a[i] }
}

/// The channels of one input among those of the concatenation.
private struct ChannelPart {
    let pixels: Int
    let channels: Int
    private let first: Int
    private let allChannels: Int

    static func parts(of operation: Operation, samples: Int) -> [ChannelPart] {
        let output = operation.outputShape
        let allChannels = output[output.rank - 1]
        var first = 0
        return operation.inputShapes.map { shape in
            let channels = shape[shape.rank - 1]
            defer { first += channels }
            return ChannelPart(
                pixels: samples * output.count / allChannels, channels: channels, first: first,
                allChannels: allChannels)
        }
    }

    @inline(__always)
    func forEachPixel(_ body: (_ own: Int, _ whole: Int) -> Void) {
        for pixel in 0..<pixels { body(pixel * channels, pixel * allChannels + first) }
    }
}
