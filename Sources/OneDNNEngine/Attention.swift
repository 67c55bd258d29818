import Basics
import CConvolution
import CDNNL
import Execution
import Lowering
import Models
import OneDNN

/// What backward needs of the forward pass of an attention's weights.
struct AttentionWeightsState {
    let shape: dptrain_attention
    let query: Tensor
    let key: Tensor
    let weights: Tensor
}

/// What backward needs of the forward pass of the values' sum.
struct AttentionSumState {
    let shape: dptrain_attention
    let weights: Tensor
    let values: Tensor
}

/// Attention in row-major single precision: products of a head's matrices, and softmax.
extension DNNLCompiler {
    func attentionWeights(
        _ operation: Operation, _ layer: AttentionWeights, _ inputs: [Tensor]
    ) throws -> (output: Tensor, saved: Saved) {
        let shape = attentionShape(
            operation.inputShapes[0], operation.inputShapes[1], heads: layer.heads, scale: layer.scale)
        let (query, key) = (try floats(inputs[0], operation), try floats(inputs[1], operation))
        let weights = activation(try .rowMajor(samples: samples, operation.outputShape))
        emit(shape, reads: [query, key], writes: [weights]) { shape, heads, x, y, scratch in
            dptrain_attention_weights(shape, heads, x[0], x[1], y[0], scratch)
        }
        return (
            weights, .attentionWeights(AttentionWeightsState(shape: shape, query: query, key: key, weights: weights))
        )
    }

    func attentionWeightsBackward(
        _ operation: Operation, _ state: AttentionWeightsState, _ gradient: Tensor, wanted: [Bool]
    ) throws -> [Tensor?] {
        let (shape, query, key, weights) = (state.shape, state.query, state.key, state.weights)
        let dweights = try floats(gradient, operation)
        let (dquery, dkey) = (wanted[0] ? activation(query.layout) : nil, wanted[1] ? activation(key.layout) : nil)
        emit(shape, reads: [query, key, weights, dweights], writes: [dquery, dkey]) { shape, heads, x, y, scratch in
            dptrain_attention_weights_gradient(shape, heads, x[0], x[1], x[2], x[3], y[0], y[1], scratch)
        }
        return [dquery, dkey]
    }

    func attentionSum(_ operation: Operation, _ inputs: [Tensor]) throws -> (output: Tensor, saved: Saved) {
        let heads = operation.inputShapes[0][0]
        let shape = attentionShape(operation.outputShape, operation.inputShapes[1], heads: heads, scale: 1)
        let (weights, values) = (try floats(inputs[0], operation), try floats(inputs[1], operation))
        let y = activation(try .rowMajor(samples: samples, operation.outputShape))
        emit(shape, reads: [weights, values], writes: [y]) { shape, heads, x, y, scratch in
            dptrain_attention_sum(shape, heads, x[0], x[1], y[0], scratch)
        }
        return (y, .attentionSum(AttentionSumState(shape: shape, weights: weights, values: values)))
    }

    func attentionSumBackward(
        _ operation: Operation, _ state: AttentionSumState, _ gradient: Tensor, wanted: [Bool]
    ) throws -> [Tensor?] {
        let (shape, weights, values) = (state.shape, state.weights, state.values)
        let dy = try floats(gradient, operation)
        let dweights = wanted[0] ? activation(weights.layout) : nil,
            dvalues = wanted[1] ? activation(values.layout) : nil
        emit(shape, reads: [weights, values, dy], writes: [dweights, dvalues]) { shape, heads, x, y, scratch in
            dptrain_attention_sum_gradient(shape, heads, x[0], x[1], x[2], y[0], y[1], scratch)
        }
        return [dweights, dvalues]
    }

    /// Emits a kernel in parts of all samples' heads. It gets what is read, and what is written or nil.
    private func emit(
        _ shape: dptrain_attention, reads: [Tensor], writes: [Tensor?],
        compute:
            @escaping (
                UnsafePointer<dptrain_attention>, dptrain_part, [UnsafeMutablePointer<Float>],
                [UnsafeMutablePointer<Float>?], UnsafeMutablePointer<Float>?
            ) -> Void
    ) {
        emit(
            partsOf: samples * shape.heads, scratch: withUnsafePointer(to: shape, dptrain_attention_scratch),
            reads: reads.map(\.buffer), writes: writes.compactMap { $0?.buffer }
        ) { memory in
            let x = reads.map { memory.floats($0.buffer) }
            let y = writes.map { $0.map { memory.floats($0.buffer) } }
            return { heads, scratch in withUnsafePointer(to: shape) { compute($0, heads, x, y, scratch) } }
        }
    }

    private func floats(_ tensor: Tensor, _ operation: Operation) throws -> Tensor {
        try rowMajor(tensor, of: dnnl_f32, layer: operation.name)
    }

    /// Of queries, and of keys or values: sequences or images, whose pixels are places.
    private func attentionShape(_ query: Shape, _ value: Shape, heads: Int, scale: Float) -> dptrain_attention {
        dptrain_attention(
            heads: heads, queries: query.count / query[query.rank - 1], places: value.count / value[value.rank - 1],
            width: value[value.rank - 1] / heads, lanes: library.lanes, scale: scale)
    }
}
