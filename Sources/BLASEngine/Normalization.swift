import Basics
import Execution
import Lowering
import Models

/// Batch normalisation over all axes but the last. In training statistics are those of the shard, or, beyond an
/// exchange, of the whole batch; otherwise, and where the layer does not train, the moving ones.
extension BLASCompiler {
    func emitNormalization(
        _ layer: BatchNormalization, _ operation: Operation, _ input: Tensor
    ) -> (Tensor, Saved) {
        let shape = NormalizationShape(operation, samples: samples, epsilon: layer.epsilon)
        let output = newTensor(input.width)
        let gamma = affine(layer.gamma, operation, shape, absent: 1)
        let beta = affine(layer.beta, operation, shape, absent: 0)
        let (movingMean, movingVariance) = (
            operation.parameters[layer.movingMean], operation.parameters[layer.movingVariance]
        )
        let scratch = builder.scratch(bytes: shape.vectorBytes)
        let apply = { (memory: Memory, mean: UnsafeMutablePointer<Float>, variance: UnsafeMutablePointer<Float>) in
            let (x, y) = (memory.floats(input.buffer), memory.floats(output.buffer))
            let (gamma, beta, scale) = (memory.floats(gamma), memory.floats(beta), memory.floats(scratch))
            return { shape.normalize(x, mean, variance, gamma, beta, scale, y, operation.activation) }
        }

        guard builder.isTraining, changes(movingMean) else {
            let mean = builder.plainParameter(movingMean)
            let variance = builder.plainParameter(movingVariance)
            let reads = [input.buffer, gamma, beta, mean, variance, scratch]
            builder.emit(reads: reads, writes: [output.buffer]) { memory in
                let run = apply(memory, memory.floats(mean), memory.floats(variance))
                return { _ in run() }
            }
            return (output, Saved(input: input.buffer, output: output.buffer))
        }

        let moments = emitMoments(shape, input)
        let (weighedMean, weighedVariance) = (builder.gradient(of: movingMean), builder.gradient(of: movingVariance))
        builder.emit(
            reads: [input.buffer, gamma, beta, moments, scratch], writes: [output.buffer, weighedMean, weighedVariance]
        ) { memory in
            let moments = memory.floats(moments)
            let run = apply(memory, moments, moments + shape.channels)
            let (weighedMean, weighedVariance) = (memory.floats(weighedMean), memory.floats(weighedVariance))
            return { _ in
                run()
                shape.weigh(moments, into: weighedMean)
                shape.weigh(moments + shape.channels, into: weighedVariance)
            }
        }
        return (output, Saved(input: input.buffer, output: output.buffer, notes: moments))
    }

    /// [means, variances] of what the mode normalises by.
    private func emitMoments(_ shape: NormalizationShape, _ input: Tensor) -> BufferID {
        let moments = builder.activation(floats: 2 * shape.channels)
        let scratch = builder.scratch(bytes: ChannelSums.scratchBytes(channels: shape.channels))
        builder.emit(reads: [input.buffer, scratch], writes: [moments]) { memory in
            let (x, moments) = (memory.floats(input.buffer), memory.floats(moments))
            let sums = ChannelSums(pixels: shape.pixels, channels: shape.channels, scratch: memory[scratch])
            return { _ in shape.measure(x, sums, moments) }
        }
        guard builder.batchNormalization == .global else { return moments }
        return builder.exchange(moments, floats: 2 * shape.channels, rule: .moments)
    }

    /// `gradient` is that of the normalised values, before a fused activation.
    func emitNormalizationBackward(
        _ layer: BatchNormalization, _ operation: Operation, _ saved: Saved, _ gradient: Gradient, wanted: Bool
    ) -> Tensor? {
        let shape = NormalizationShape(operation, samples: samples, epsilon: layer.epsilon)
        guard let moments = saved.notes else {
            emitAffineGradients(layer, operation, shape, saved.input, gradient.tensor)
            return emitBackwardByMovingStatistics(layer, operation, shape, gradient)
        }
        var sums = emitGradientSums(layer, operation, shape, saved.input, moments, gradient.tensor)
        guard wanted else { return nil }
        let isGlobal = builder.batchNormalization == .global
        if isGlobal { sums = builder.exchange(sums, floats: 2 * shape.channels, rule: .sum) }
        let gamma = affine(layer.gamma, operation, shape, absent: 1)
        let scratch = builder.scratch(bytes: 3 * shape.vectorBytes)
        let result = gradient.mayOverwrite ? gradient.tensor : newTensor(gradient.tensor.width)
        builder.emit(
            reads: [gradient.tensor.buffer, saved.input, moments, sums, gamma, scratch], writes: [result.buffer]
        ) { memory in
            let (dy, x) = (memory.floats(gradient.tensor.buffer), memory.floats(saved.input))
            let (moments, sums, gamma) = (memory.floats(moments), memory.floats(sums), memory.floats(gamma))
            let (scratch, dx) = (memory.floats(scratch), memory.floats(result.buffer))
            return { context in
                let count = isGlobal ? context.batchSize * shape.pixelsOfSample : shape.pixels
                shape.inputGradient(dy, x, moments, sums, gamma, scratch, dx, count: count)
            }
        }
        return result
    }

    /// [Σ dy, Σ dy x̂] over the shard, which are also the gradients of beta and gamma.
    private func emitGradientSums(
        _ layer: BatchNormalization, _ operation: Operation, _ shape: NormalizationShape, _ input: BufferID,
        _ moments: BufferID, _ gradient: Tensor
    ) -> BufferID {
        let sums = builder.activation(floats: 2 * shape.channels)
        let gamma = layer.gamma.map { builder.gradient(of: operation.parameters[$0]) }
        let beta = layer.beta.map { builder.gradient(of: operation.parameters[$0]) }
        let scratch = builder.scratch(bytes: ChannelSums.scratchBytes(channels: shape.channels))
        let inverseDeviation = builder.scratch(bytes: shape.vectorBytes)
        builder.emit(
            reads: [gradient.buffer, input, moments, scratch, inverseDeviation],
            writes: [sums] + [gamma, beta].compactMap { $0 }
        ) { memory in
            let (dy, x, moments) = (memory.floats(gradient.buffer), memory.floats(input), memory.floats(moments))
            let channelSums = ChannelSums(pixels: shape.pixels, channels: shape.channels, scratch: memory[scratch])
            let (sums, inverse) = (memory.floats(sums), memory.floats(inverseDeviation))
            let (gamma, beta) = (gamma.map { memory.floats($0) }, beta.map { memory.floats($0) })
            return { _ in
                shape.gradientSums(dy, x, moments, channelSums, inverse, sums)
                beta?.update(from: sums, count: shape.channels)
                gamma?.update(from: sums + shape.channels, count: shape.channels)
            }
        }
        return sums
    }

    /// The gradients of beta and gamma where the moving statistics normalise.
    private func emitAffineGradients(
        _ layer: BatchNormalization, _ operation: Operation, _ shape: NormalizationShape, _ input: BufferID,
        _ gradient: Tensor
    ) {
        guard [layer.gamma, layer.beta].contains(where: { $0.map { changes(operation.parameters[$0]) } ?? false })
        else { return }
        let mean = builder.plainParameter(operation.parameters[layer.movingMean])
        let variance = builder.plainParameter(operation.parameters[layer.movingVariance])
        let moments = builder.activation(floats: 2 * shape.channels)
        builder.emit(reads: [mean, variance], writes: [moments]) { memory in
            let (mean, variance, moments) = (memory.floats(mean), memory.floats(variance), memory.floats(moments))
            return { _ in
                moments.update(from: mean, count: shape.channels)
                (moments + shape.channels).update(from: variance, count: shape.channels)
            }
        }
        _ = emitGradientSums(layer, operation, shape, input, moments, gradient)
    }

    /// Statistics that do not depend on the input leave a factor a channel.
    private func emitBackwardByMovingStatistics(
        _ layer: BatchNormalization, _ operation: Operation, _ shape: NormalizationShape, _ gradient: Gradient
    ) -> Tensor {
        let gamma = affine(layer.gamma, operation, shape, absent: 1)
        let variance = builder.plainParameter(operation.parameters[layer.movingVariance])
        let scratch = builder.scratch(bytes: shape.vectorBytes)
        let result = gradient.mayOverwrite ? gradient.tensor : newTensor(gradient.tensor.width)
        builder.emit(reads: [gradient.tensor.buffer, gamma, variance, scratch], writes: [result.buffer]) { memory in
            let (dy, dx) = (memory.floats(gradient.tensor.buffer), memory.floats(result.buffer))
            let (gamma, variance, scratch) = (
                memory.floats(gamma), memory.floats(variance), memory.floats(scratch)
            )
            return { _ in shape.scale(dy, gamma, variance, scratch, dx) }
        }
        return result
    }

    /// Gamma or beta; what a layer without it has in its place.
    private func affine(
        _ place: Int?, _ operation: Operation, _ shape: NormalizationShape, absent value: Float
    ) -> BufferID {
        if let place { return builder.plainParameter(operation.parameters[place]) }
        let constant = builder.activation(floats: shape.channels)
        builder.emit("fill", reads: [], writes: [constant]) { memory in
            let constant = memory.floats(constant)
            return { _ in constant.update(repeating: value, count: shape.channels) }
        }
        return constant
    }
}

/// The arithmetic, on [pixels, channels] with the samples' pixels in a row.
private struct NormalizationShape {
    let samples: Int
    let channels: Int
    let pixelsOfSample: Int
    let epsilon: Float

    init(_ operation: Operation, samples: Int, epsilon: Float) {
        let shape = operation.outputShape
        self.samples = samples
        self.epsilon = epsilon
        channels = shape[shape.rank - 1]
        pixelsOfSample = shape.count / channels
    }

    var pixels: Int { samples * pixelsOfSample }
    var vectorBytes: Int { channels * MemoryLayout<Float>.stride }

    /// Means, then population variances from the deviations: no difference of large squares.
    func measure(_ x: UnsafePointer<Float>, _ sums: ChannelSums, _ moments: UnsafeMutablePointer<Float>) {
        let share = 1 / Double(pixels)
        sums.sum(into: moments, scale: share) { i, _ in x[i] }
        sums.sum(into: moments + channels, scale: share) { i, c in
            let deviation = x[i] - moments[c]
            return deviation * deviation
        }
    }

    /// y = gamma (x - mean) / √(variance + epsilon) + beta, and the activation.
    func normalize(
        _ x: UnsafePointer<Float>, _ mean: UnsafePointer<Float>, _ variance: UnsafePointer<Float>,
        _ gamma: UnsafePointer<Float>, _ beta: UnsafePointer<Float>, _ scale: UnsafeMutablePointer<Float>,
        _ y: UnsafeMutablePointer<Float>, _ activation: Activation
    ) {
        for c in 0..<channels { scale[c] = gamma[c] / (variance[c] + epsilon).squareRoot() }
        for pixel in 0..<pixels {
            let (x, y) = (x + pixel * channels, y + pixel * channels)
            for c in 0..<channels { y[c] = (x[c] - mean[c]) * scale[c] + beta[c] }
        }
        activate(y, pixels * channels, activation)
    }

    /// dx = gamma / √(variance + epsilon) dy
    func scale(
        _ dy: UnsafePointer<Float>, _ gamma: UnsafePointer<Float>, _ variance: UnsafePointer<Float>,
        _ factors: UnsafeMutablePointer<Float>, _ dx: UnsafeMutablePointer<Float>
    ) {
        for c in 0..<channels { factors[c] = gamma[c] / (variance[c] + epsilon).squareRoot() }
        for pixel in 0..<pixels {
            let (dy, dx) = (dy + pixel * channels, dx + pixel * channels)
            for c in 0..<channels { dx[c] = factors[c] * dy[c] }
        }
    }

    /// Statistics are summed over shards like gradients, so each counts by its samples.
    func weigh(_ statistic: UnsafePointer<Float>, into weighed: UnsafeMutablePointer<Float>) {
        for c in 0..<channels { weighed[c] = Float(samples) * statistic[c] }
    }

    func gradientSums(
        _ dy: UnsafePointer<Float>, _ x: UnsafePointer<Float>, _ moments: UnsafePointer<Float>,
        _ channelSums: ChannelSums, _ inverse: UnsafeMutablePointer<Float>, _ sums: UnsafeMutablePointer<Float>
    ) {
        let variance = moments + channels
        for c in 0..<channels { inverse[c] = 1 / (variance[c] + epsilon).squareRoot() }
        channelSums.sum(into: sums) { i, _ in dy[i] }
        channelSums.sum(into: sums + channels) { i, c in dy[i] * (x[i] - moments[c]) * inverse[c] }
    }

    /// dx = gamma / σ (dy - (Σ dy + x̂ Σ dy x̂) / count), as a factor of dy, one of x - mean, and a constant.
    func inputGradient(
        _ dy: UnsafePointer<Float>, _ x: UnsafePointer<Float>, _ moments: UnsafePointer<Float>,
        _ sums: UnsafePointer<Float>, _ gamma: UnsafePointer<Float>, _ scratch: UnsafeMutablePointer<Float>,
        _ dx: UnsafeMutablePointer<Float>, count: Int
    ) {
        let variance = moments + channels
        let (factor, slope, constant) = (scratch, scratch + channels, scratch + 2 * channels)
        for c in 0..<channels {
            let inverse = 1 / (variance[c] + epsilon).squareRoot()
            factor[c] = gamma[c] * inverse
            slope[c] = factor[c] * inverse * sums[channels + c] / Float(count)
            constant[c] = factor[c] * sums[c] / Float(count)
        }
        for pixel in 0..<pixels {
            let first = pixel * channels
            let (dy, x, dx) = (dy + first, x + first, dx + first)
            for c in 0..<channels { dx[c] = factor[c] * dy[c] - slope[c] * (x[c] - moments[c]) - constant[c] }
        }
    }
}
