import Basics
import Execution
import Lowering
import Models

#if canImport(Glibc)
import Glibc
#endif

/// Local response normalisation across channels.
extension BLASCompiler {
    func emitResponseNormalization(
        _ layer: LocalResponseNormalization, _ operation: Operation, _ input: Tensor
    ) -> (Tensor, Saved) {
        let shape = ResponseShape(layer, operation, samples: samples)
        let output = newTensor(input.width)
        // The bases of the powers, which backward needs again.
        let bases = builder.activation(floats: samples * input.width)
        builder.emit(reads: [input.buffer], writes: [output.buffer, bases]) { memory in
            let (x, y, bases) = (memory.floats(input.buffer), memory.floats(output.buffer), memory.floats(bases))
            return { _ in shape.normalize(x, bases, y) }
        }
        return (output, Saved(input: input.buffer, output: output.buffer, notes: bases))
    }

    func emitResponseNormalizationBackward(
        _ layer: LocalResponseNormalization, _ operation: Operation, _ saved: Saved, _ gradient: Tensor
    ) -> Tensor? {
        guard let bases = saved.notes else { return nil }
        let shape = ResponseShape(layer, operation, samples: samples)
        let result = newTensor(gradient.width)
        let scratch = builder.scratch(floats: shape.channels)
        builder.emit(
            reads: [gradient.buffer, saved.input, saved.output, bases, scratch], writes: [result.buffer]
        ) { memory in
            let (dy, dx) = (memory.floats(gradient.buffer), memory.floats(result.buffer))
            let (x, y, bases) = (memory.floats(saved.input), memory.floats(saved.output), memory.floats(bases))
            let scratch = memory.floats(scratch)
            return { _ in shape.inputGradient(dy, x, y, bases, scratch, dx) }
        }
        return result
    }
}

/// The arithmetic, on [pixels, channels] with the samples' pixels in a row.
private struct ResponseShape {
    let channels: Int
    private let pixels: Int
    private let radius: Int
    private let layer: LocalResponseNormalization

    init(_ layer: LocalResponseNormalization, _ operation: Operation, samples: Int) {
        channels = operation.outputShape[2]
        pixels = samples * operation.outputShape.count / channels
        radius = (layer.size - 1) / 2
        self.layer = layer
    }

    /// base = k + alpha Σ x², y = x base^-beta.
    func normalize(
        _ x: UnsafePointer<Float>, _ bases: UnsafeMutablePointer<Float>, _ y: UnsafeMutablePointer<Float>
    ) {
        for pixel in 0..<pixels {
            let first = pixel * channels
            let (x, bases, y) = (x + first, bases + first, y + first)
            for c in 0..<channels {
                let sum = neighbours(c).reduce(into: Float(0)) { $0 += x[$1] * x[$1] }
                bases[c] = layer.k + layer.alpha * sum
                y[c] = x[c] * powf(bases[c], -layer.beta)
            }
        }
    }

    /// dx_c = dy_c base_c^-beta - 2 alpha beta x_c Σ dy_j y_j / base_j over the neighbours j, for which c is one too.
    func inputGradient(
        _ dy: UnsafePointer<Float>, _ x: UnsafePointer<Float>, _ y: UnsafePointer<Float>,
        _ bases: UnsafePointer<Float>, _ terms: UnsafeMutablePointer<Float>, _ dx: UnsafeMutablePointer<Float>
    ) {
        let factor = 2 * layer.alpha * layer.beta
        for pixel in 0..<pixels {
            let first = pixel * channels
            let (dy, x, y, bases, dx) = (dy + first, x + first, y + first, bases + first, dx + first)
            for c in 0..<channels { terms[c] = dy[c] * y[c] / bases[c] }
            for c in 0..<channels {
                let sum = neighbours(c).reduce(into: Float(0)) { $0 += terms[$1] }
                dx[c] = dy[c] * powf(bases[c], -layer.beta) - factor * x[c] * sum
            }
        }
    }

    private func neighbours(_ channel: Int) -> Range<Int> {
        max(channel - radius, 0)..<min(channel + radius + 1, channels)
    }
}
