import Basics
import CDNNL
import Execution
import Lowering
import Models
import OneDNN

/// What backward needs of a normalisation's forward pass.
struct BatchNormalizationState {
    let layer: BatchNormalization
    let primitive: Primitive
    let input: Tensor
    let output: Tensor
    let mean: Tensor
    let variance: Tensor
    /// Which results the fused ReLU cut off.
    let workspace: Tensor?
}

extension DNNLCompiler {
    private static var affine: UInt32 { dnnl_use_scale.rawValue | dnnl_use_shift.rawValue }
    private static var given: UInt32 { dnnl_use_global_stats.rawValue }
    private static var relu: UInt32 { dnnl_fuse_norm_relu.rawValue }

    func batchNormalization(
        _ operation: Operation, _ layer: BatchNormalization, _ input: Tensor
    ) throws -> (output: Tensor, saved: Saved) {
        let image = try asImage(input)
        let (output, saved): (Tensor, Saved)
        if !builder.isTraining {
            (output, saved) = (try normalizeByMovingStatistics(operation, layer, image), .nothing)
        } else if !changes(operation.parameters[layer.movingMean]) {
            (output, saved) = try normalizeWithoutTraining(operation, layer, image)
        } else if builder.batchNormalization == .shard {
            (output, saved) = try normalizeByShard(operation, layer, image)
        } else {
            (output, saved) = try normalizeByBatch(operation, layer, image)
        }
        // A vector stays a vector: one pixel, row-major, the same memory.
        return (input.layout.dimensions.count == 2 ? try view(output, as: operation.outputShape) : output, saved)
    }

    private func normalizeByMovingStatistics(
        _ operation: Operation, _ layer: BatchNormalization, _ input: Tensor
    ) throws -> Tensor {
        try normalize(
            operation, layer, input, mean: vector(operation.parameters[layer.movingMean]),
            variance: vector(operation.parameters[layer.movingVariance]))
    }

    /// Forward only.
    private func normalize(
        _ operation: Operation, _ layer: BatchNormalization, _ input: Tensor, mean: Tensor, variance: Tensor,
        detail: String? = nil
    ) throws -> Tensor {
        let flags = Self.affine | Self.given | (operation.activation == .relu ? Self.relu : 0)
        let primitive = try normalization(operation, layer, input.layout, dnnl_forward_inference, flags)
        let output = activation(input.layout)
        try emitNormalization(
            primitive, operation, layer, input, mean: mean, variance: variance, into: output, detail: detail)
        return output
    }

    /// By the moving statistics, with a way back.
    private func normalizeWithoutTraining(
        _ operation: Operation, _ layer: BatchNormalization, _ input: Tensor
    ) throws -> (Tensor, Saved) {
        let (mean, variance) = (
            try vector(operation.parameters[layer.movingMean]), try vector(operation.parameters[layer.movingVariance])
        )
        return try normalizeByGiven(operation, layer, input, mean: mean, variance: variance)
    }

    private func normalizeByShard(
        _ operation: Operation, _ layer: BatchNormalization, _ input: Tensor
    ) throws -> (Tensor, Saved) {
        let flags = Self.affine | (operation.activation == .relu ? Self.relu : 0)
        let primitive = try normalization(operation, layer, input.layout, dnnl_forward_training, flags)
        let (mean, variance) = (try channelVector(operation), try channelVector(operation))
        let output = activation(input.layout)
        let workspace = workspace(of: primitive)
        var writes = [(DNNL_ARG_DST, output), (DNNL_ARG_MEAN, mean), (DNNL_ARG_VARIANCE, variance)]
        if let workspace { writes.append((DNNL_ARG_WORKSPACE, workspace)) }
        emit(
            primitive, layer: operation.name,
            reads: [
                (DNNL_ARG_SRC, input), (DNNL_ARG_SCALE, try gamma(operation, layer)),
                (DNNL_ARG_SHIFT, try beta(operation, layer)),
            ],
            writes: writes)
        emitMovingStatistics(operation, layer, mean.buffer, variance.buffer)
        let state = BatchNormalizationState(
            layer: layer, primitive: primitive, input: input, output: output, mean: mean, variance: variance,
            workspace: workspace)
        remadeValues.note(output) {
            try normalize(operation, layer, input, mean: mean, variance: variance, detail: "remade values")
        }
        return (output, .batchNormalization(state))
    }

    /// The shard's statistics, a barrier, and the normalisation by what all shards' statistics make together.
    private func normalizeByBatch(
        _ operation: Operation, _ layer: BatchNormalization, _ input: Tensor
    ) throws -> (Tensor, Saved) {
        let name = operation.name
        let channels = operation.outputShape.extents[operation.outputShape.rank - 1]
        let statistics = try normalization(operation, layer, input.layout, dnnl_forward_training, 0)
        let (shardMean, shardVariance) = (try channelVector(operation), try channelVector(operation))
        emit(
            statistics, layer: name, reads: [(DNNL_ARG_SRC, input)],
            writes: [
                (DNNL_ARG_DST, activation(input.layout)), (DNNL_ARG_MEAN, shardMean),
                (DNNL_ARG_VARIANCE, shardVariance),
            ])
        let local = builder.activation(floats: 2 * channels)
        emitJoin(shardMean.buffer, shardVariance.buffer, into: local, count: channels)
        let combined = builder.exchange(local, floats: 2 * channels, rule: .moments)
        let (mean, variance) = (try channelVector(operation), try channelVector(operation))
        emitSplit(combined, into: mean.buffer, variance.buffer, count: channels)
        emitMovingStatistics(operation, layer, mean.buffer, variance.buffer)
        return try normalizeByGiven(operation, layer, input, mean: mean, variance: variance)
    }

    private func normalizeByGiven(
        _ operation: Operation, _ layer: BatchNormalization, _ input: Tensor, mean: Tensor, variance: Tensor
    ) throws -> (Tensor, Saved) {
        let primitive = try normalization(
            operation, layer, input.layout, dnnl_forward_training, Self.affine | Self.given)
        let output = activation(input.layout)
        try emitNormalization(primitive, operation, layer, input, mean: mean, variance: variance, into: output)
        if let function = ElementwiseFunction(operation.activation) {
            try emitActivation(function, output, into: output, layer: operation.name)
        }
        let state = BatchNormalizationState(
            layer: layer, primitive: primitive, input: input, output: output, mean: mean, variance: variance,
            workspace: nil)
        return (output, .batchNormalization(state))
    }

    // MARK: Backward

    func batchNormalizationBackward(
        _ operation: Operation, _ state: BatchNormalizationState, _ gradient: Tensor, _ mayOverwrite: Bool,
        wantsInput: Bool
    ) throws -> Tensor? {
        let dy = try reorder(try asImage(gradient), to: state.input.layout, layer: operation.name)
        let mayOverwrite = mayOverwrite || dy.buffer != gradient.buffer
        let dx: Tensor
        if !changes(operation.parameters[state.layer.movingMean]) {
            dx = try backwardByGiven(operation, state, dy, mayOverwrite: mayOverwrite).dx
        } else if builder.batchNormalization == .shard {
            dx = try shardBackward(operation, state, dy)
        } else {
            dx = try batchBackward(operation, state, dy, mayOverwrite: mayOverwrite)
        }
        guard wantsInput else { return nil }
        return operation.inputShapes[0].rank == 1 ? try view(dx, as: operation.inputShapes[0]) : dx
    }

    private func shardBackward(
        _ operation: Operation, _ state: BatchNormalizationState, _ dy: Tensor
    ) throws -> Tensor {
        let flags = Self.affine | (operation.activation == .relu ? Self.relu : 0)
        let dx = activation(state.input.layout)
        _ = try emitBackward(operation, state, dy, flags: flags, into: dx)
        return dx
    }

    /// As if the statistics did not depend on the input.
    private func backwardByGiven(
        _ operation: Operation, _ state: BatchNormalizationState, _ gradient: Tensor, mayOverwrite: Bool
    ) throws -> (dx: Tensor, sums: AffineGradients) {
        let dy = try fusedActivationBackward(operation, state.output, gradient, mayOverwrite)
        let dx = activation(state.input.layout)
        return (dx, try emitBackward(operation, state, dy, flags: Self.affine | Self.given, into: dx))
    }

    /// oneDNN's backward with given statistics leaves out how the statistics depend on the input. With B = Σ dy and
    /// G = Σ dy x̂ over the whole batch of N values a channel, that is -γ (B + x̂ G) / (N σ): an affine function of x̂, which
    /// the forward primitive computes with a scale and a shift of our own.
    private func batchBackward(
        _ operation: Operation, _ state: BatchNormalizationState, _ gradient: Tensor, mayOverwrite: Bool
    ) throws -> Tensor {
        let name = operation.name
        let shape = operation.outputShape
        let channels = shape.extents[shape.rank - 1]
        let (dx, own) = try backwardByGiven(operation, state, gradient, mayOverwrite: mayOverwrite)

        let local = builder.activation(floats: 2 * channels)
        emitJoin(own.beta.buffer, own.gamma.buffer, into: local, count: channels)
        let sums = builder.exchange(local, floats: 2 * channels, rule: .sum)
        let (scale, shift) = (try channelVector(operation), try channelVector(operation))
        let (gamma, epsilon, pixels) = (
            try gamma(operation, state.layer), state.layer.epsilon, shape.count / channels
        )
        builder.emit(reads: [sums, gamma.buffer, state.variance.buffer], writes: [scale.buffer, shift.buffer]) {
            memory in
            let (sums, gamma) = (memory.floats(sums), memory.floats(gamma.buffer))
            let (variance, scale, shift) = (
                memory.floats(state.variance.buffer), memory.floats(scale.buffer), memory.floats(shift.buffer)
            )
            return { context in
                let count = Float(context.batchSize * pixels)
                for c in 0..<channels {
                    let factor = -gamma[c] / ((variance[c] + epsilon).squareRoot() * count)
                    shift[c] = factor * sums[c]
                    scale[c] = factor * sums[channels + c]
                }
            }
        }
        let affine = try normalization(
            operation, state.layer, state.input.layout, dnnl_forward_inference, Self.affine | Self.given)
        let correction = activation(state.input.layout)
        emit(
            affine, layer: name,
            reads: [
                (DNNL_ARG_SRC, state.input), (DNNL_ARG_MEAN, state.mean), (DNNL_ARG_VARIANCE, state.variance),
                (DNNL_ARG_SCALE, scale), (DNNL_ARG_SHIFT, shift),
            ],
            writes: [(DNNL_ARG_DST, correction)])
        try emitSum(dx, correction, layer: name)
        return dx
    }

    private typealias AffineGradients = (gamma: Tensor, beta: Tensor)

    private func emitBackward(
        _ operation: Operation, _ state: BatchNormalizationState, _ dy: Tensor, flags: UInt32, into dx: Tensor
    ) throws -> AffineGradients {
        let layout = state.input.layout
        let primitive = try Primitive(
            "a normalisation's gradient", library, hint: state.primitive, layer: operation.name
        ) {
            dnnl_batch_normalization_backward_primitive_desc_create(
                &$0.made, $0.engine, dnnl_backward, $0.layout(layout), $0.layout(layout), $0.layout(layout),
                state.layer.epsilon, flags, $0.hint, $0.attributes)
        }
        var reads = [
            (DNNL_ARG_SRC, state.input), (DNNL_ARG_MEAN, state.mean), (DNNL_ARG_VARIANCE, state.variance),
            (DNNL_ARG_DIFF_DST, dy), (DNNL_ARG_SCALE, try gamma(operation, state.layer)),
        ]
        if cdnnl_gradient_reads_shift() != 0 {
            reads.append((DNNL_ARG_SHIFT, try beta(operation, state.layer)))
        }
        if let workspace = state.workspace { reads.append((DNNL_ARG_WORKSPACE, workspace)) }
        let sums = (
            gamma: try affineGradient(state.layer.gamma, operation),
            beta: try affineGradient(state.layer.beta, operation)
        )
        emit(
            primitive, layer: operation.name, reads: reads,
            writes: [(DNNL_ARG_DIFF_SRC, dx), (DNNL_ARG_DIFF_SCALE, sums.gamma), (DNNL_ARG_DIFF_SHIFT, sums.beta)])
        return sums
    }

    // MARK: Pieces

    private func normalization(
        _ operation: Operation, _ layer: BatchNormalization, _ layout: MemoryDescriptor,
        _ propagation: dnnl_prop_kind_t,
        _ flags: UInt32
    ) throws -> Primitive {
        try Primitive("a normalisation", library, layer: operation.name) {
            dnnl_batch_normalization_forward_primitive_desc_create(
                &$0.made, $0.engine, propagation, $0.layout(layout), $0.layout(layout), layer.epsilon, flags,
                $0.attributes)
        }
    }

    /// Scale and shift are the layer's gamma and beta; statistics are given.
    private func emitNormalization(
        _ primitive: Primitive, _ operation: Operation, _ layer: BatchNormalization, _ input: Tensor, mean: Tensor,
        variance: Tensor, into output: Tensor, detail: String? = nil
    ) throws {
        emit(
            primitive, detail, layer: operation.name,
            reads: [
                (DNNL_ARG_SRC, input), (DNNL_ARG_MEAN, mean), (DNNL_ARG_VARIANCE, variance),
                (DNNL_ARG_SCALE, try gamma(operation, layer)), (DNNL_ARG_SHIFT, try beta(operation, layer)),
            ],
            writes: [(DNNL_ARG_DST, output)])
    }

    private func gamma(_ operation: Operation, _ layer: BatchNormalization) throws -> Tensor {
        try layer.gamma.map { try vector(operation.parameters[$0]) } ?? constant(1, operation)
    }

    private func beta(_ operation: Operation, _ layer: BatchNormalization) throws -> Tensor {
        try layer.beta.map { try vector(operation.parameters[$0]) } ?? constant(0, operation)
    }

    /// What a layer without gamma or beta has in its place.
    private func constant(_ value: Float, _ operation: Operation) throws -> Tensor {
        let tensor = try channelVector(operation)
        let channels = tensor.layout.dimensions[0]
        builder.emit("fill", reads: [], writes: [tensor.buffer]) { memory in
            let values = memory.floats(tensor.buffer)
            return { _ in values.update(repeating: value, count: channels) }
        }
        return tensor
    }

    /// Gamma or beta as vector kernels of our own read it; nil where the layer has none.
    func affineParameter(_ place: Int?, _ operation: Operation) -> BufferID? {
        place.map { builder.plainParameter(operation.parameters[$0]) }
    }

    /// Where the gradient of gamma or beta goes; memory of no further use where there is none or it does not train.
    func affineGradient(_ place: Int?, _ operation: Operation) throws -> Tensor {
        guard let place, changes(operation.parameters[place]) else { return try channelVector(operation) }
        return try vectorGradient(operation.parameters[place])
    }

    func channelVector(_ operation: Operation) throws -> Tensor {
        let channels = operation.outputShape.extents[operation.outputShape.rank - 1]
        // Vector kernels may read whole registers: memory is given out in multiples of one.
        return Tensor(buffer: builder.activation(floats: channels), layout: try .vector(channels))
    }

    /// The statistics' share of the shard, weighted by its samples, goes where gradients go: it is reduced like them.
    func emitMovingStatistics(
        _ operation: Operation, _ layer: BatchNormalization, _ mean: BufferID, _ variance: BufferID
    ) {
        let channels = operation.outputShape.extents[operation.outputShape.rank - 1]
        let weight = Float(samples)
        let (meanSum, varianceSum) = (
            builder.gradient(of: operation.parameters[layer.movingMean]),
            builder.gradient(of: operation.parameters[layer.movingVariance])
        )
        builder.emit(reads: [mean, variance], writes: [meanSum, varianceSum]) { memory in
            let (mean, variance) = (memory.floats(mean), memory.floats(variance))
            let (meanSum, varianceSum) = (memory.floats(meanSum), memory.floats(varianceSum))
            return { _ in
                for c in 0..<channels {
                    meanSum[c] = weight * mean[c]
                    varianceSum[c] = weight * variance[c]
                }
            }
        }
    }

    private func emitJoin(_ first: BufferID, _ second: BufferID, into joined: BufferID, count: Int) {
        builder.emit(reads: [first, second], writes: [joined]) { memory in
            let (first, second, joined) = (memory.floats(first), memory.floats(second), memory.floats(joined))
            return { _ in
                joined.update(from: first, count: count)
                (joined + count).update(from: second, count: count)
            }
        }
    }

    private func emitSplit(_ joined: BufferID, into first: BufferID, _ second: BufferID, count: Int) {
        builder.emit(reads: [joined], writes: [first, second]) { memory in
            let (first, second, joined) = (memory.floats(first), memory.floats(second), memory.floats(joined))
            return { _ in
                first.update(from: joined, count: count)
                second.update(from: joined + count, count: count)
            }
        }
    }
}
