import Basics
import Execution
import Lowering
import Models

/// Dense layers and convolutions: y = activation(patches · kernel + bias). Of a convolution the patches are what its
/// window sees, unfolded into scratch a sample at a time, which stays in cache; where the window is one pixel, and for
/// dense layers, they are the input as it lies, the whole shard as one matrix.
private struct AffineShape {
    /// Matrix products a pass, and the patches in each.
    let products: Int
    let patches: Int
    /// Floats of a patch, and results for each.
    let depth: Int
    let filters: Int
    /// How to unfold the image; nil where nothing needs to be.
    let window: ImageWindow?

    init(_ operation: Operation, samples: Int) {
        let (input, output) = (operation.inputShapes[0], operation.outputShape)
        filters = output[output.rank - 1]
        if case .convolution(let layer) = operation.layer {
            let image = ImageWindow(layer.window, of: operation)
            window = image.isIdentity ? nil : image
            depth = image.patchCount
        } else {
            window = nil
            depth = input.count
        }
        let pixels = output.count / filters
        products = window == nil ? 1 : samples
        patches = window == nil ? samples * pixels : pixels
    }

    var rows: Int { products * patches }
    var inputStep: Int { window?.imageCount ?? 0 }
    var outputStep: Int { patches * filters }
    /// For the patches of one product.
    var scratchBytes: Int { window == nil ? 0 : patches * depth * MemoryLayout<Float>.stride }

    /// The patches of product `index`: unfolded into `scratch`, or the input itself.
    @inline(__always)
    func matrix(
        _ index: Int, of input: UnsafeMutablePointer<Float>, scratch: UnsafeMutablePointer<Float>
    ) -> UnsafeMutablePointer<Float> {
        guard let window else { return input }
        window.unfold(input + index * inputStep, into: scratch)
        return scratch
    }
}

extension BLASCompiler {
    func emitAffine(_ operation: Operation, _ input: Tensor) -> (Tensor, Saved) {
        let shape = AffineShape(operation, samples: samples)
        let output = newTensor(operation.outputShape.count)
        let kernel = builder.plainParameter(operation.parameters[0])
        let bias = operation.parameters.count > 1 ? builder.plainParameter(operation.parameters[1]) : nil
        let scratch = builder.scratch(bytes: shape.scratchBytes)
        let product = MatrixProduct(rows: shape.patches, columns: shape.filters, depth: shape.depth)
        let reads = [input.buffer, kernel, scratch] + (bias.map { [$0] } ?? [])
        builder.emit(reads: reads, writes: [output.buffer]) { memory in
            let (x, y) = (memory.floats(input.buffer), memory.floats(output.buffer))
            let (kernel, scratch) = (memory.floats(kernel), memory.floats(scratch))
            let bias = bias.map { memory.floats($0) }
            return { _ in
                for index in 0..<shape.products {
                    let result = y + index * shape.outputStep
                    product.run(shape.matrix(index, of: x, scratch: scratch), kernel, into: result)
                    if let bias { addToRows(bias, result, rows: shape.patches, width: shape.filters) }
                    activate(result, shape.outputStep, operation.activation)
                }
            }
        }
        return (output, Saved(input: input.buffer, output: output.buffer))
    }

    /// `gradient` is that of the sum before the activation.
    func emitAffineBackward(_ operation: Operation, _ saved: Saved, _ gradient: Tensor, wanted: Bool) -> Tensor? {
        let shape = AffineShape(operation, samples: samples)
        if changes(operation.parameters[0]) {
            if operation.parameters.count > 1 { emitBiasGradient(operation, shape, gradient) }
            emitKernelGradient(operation, shape, saved, gradient)
        }
        return wanted ? emitInputGradient(operation, shape, gradient) : nil
    }

    /// db = the sum of dy's rows.
    private func emitBiasGradient(_ operation: Operation, _ shape: AffineShape, _ gradient: Tensor) {
        let bias = builder.gradient(of: operation.parameters[1])
        let scratch = builder.scratch(bytes: ChannelSums.scratchBytes(channels: shape.filters))
        builder.emit(reads: [gradient.buffer, scratch], writes: [bias]) { memory in
            let (dy, db) = (memory.floats(gradient.buffer), memory.floats(bias))
            let sums = ChannelSums(pixels: shape.rows, channels: shape.filters, scratch: memory[scratch])
            return { _ in sums.sum(into: db) { i, _ in dy[i] } }
        }
    }

    /// dW = patchesᵀ · dy, summed over samples.
    private func emitKernelGradient(_ operation: Operation, _ shape: AffineShape, _ saved: Saved, _ gradient: Tensor) {
        let kernel = builder.gradient(of: operation.parameters[0])
        let scratch = builder.scratch(bytes: shape.scratchBytes)
        let product = MatrixProduct(
            rows: shape.depth, columns: shape.filters, depth: shape.patches, transposesA: true)
        builder.emit(reads: [saved.input, gradient.buffer, scratch], writes: [kernel]) { memory in
            let (x, dy) = (memory.floats(saved.input), memory.floats(gradient.buffer))
            let (dw, scratch) = (memory.floats(kernel), memory.floats(scratch))
            return { _ in
                for index in 0..<shape.products {
                    product.run(
                        shape.matrix(index, of: x, scratch: scratch), dy + index * shape.outputStep, into: dw,
                        accumulate: index > 0)
                }
            }
        }
    }

    /// dx = dy · Wᵀ, folded back where the input was unfolded.
    private func emitInputGradient(_ operation: Operation, _ shape: AffineShape, _ gradient: Tensor) -> Tensor {
        let result = newTensor(operation.inputShapes[0].count)
        let count = samples * result.width
        let kernel = builder.plainParameter(operation.parameters[0])
        let scratch = builder.scratch(bytes: shape.scratchBytes)
        let product = MatrixProduct(
            rows: shape.patches, columns: shape.depth, depth: shape.filters, transposesB: true)
        builder.emit(reads: [gradient.buffer, kernel, scratch], writes: [result.buffer]) { memory in
            let (dy, dx) = (memory.floats(gradient.buffer), memory.floats(result.buffer))
            let (kernel, scratch) = (memory.floats(kernel), memory.floats(scratch))
            return { _ in
                guard let window = shape.window else { return product.run(dy, kernel, into: dx) }
                dx.update(repeating: 0, count: count)
                for index in 0..<shape.products {
                    product.run(dy + index * shape.outputStep, kernel, into: scratch)
                    window.fold(scratch, addingTo: dx + index * shape.inputStep)
                }
            }
        }
        return result
    }
}

/// Adds `row` to each of the rows.
private func addToRows(
    _ row: UnsafePointer<Float>, _ matrix: UnsafeMutablePointer<Float>, rows: Int, width: Int
) {
    for r in 0..<rows {
        let target = matrix + r * width
        for i in 0..<width { target[i] += row[i] }
    }
}
