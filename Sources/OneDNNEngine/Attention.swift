import Basics
import CConvolution
import CDNNL
import Execution
import Lowering
import Models

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

/// Attention without a mask, in kernels of our own: products of a head's matrices, and softmax. They are row-major, in single
/// precision.
extension DNNLCompiler {
    func attentionWeights(
        _ operation: Operation, _ layer: AttentionWeights, _ inputs: [Tensor]
    ) throws -> (output: Tensor, saved: Saved) {
        let shape = attentionShape(
            operation.inputShapes[0], operation.inputShapes[1], heads: layer.heads, scale: layer.scale)
        let (query, key) = (try floats(inputs[0], operation), try floats(inputs[1], operation))
        let weights = activation(try .rowMajor(samples: samples, operation.outputShape))
        emit(shape, reads: [query, key], writes: [weights]) { memory in
            let (query, key) = (memory.floats(query.buffer), memory.floats(key.buffer))
            let weights = memory.floats(weights.buffer)
            return { heads, scratch in
                withUnsafePointer(to: shape) { dptrain_attention_weights($0, heads, query, key, weights, scratch) }
            }
        }
        let state = AttentionWeightsState(shape: shape, query: query, key: key, weights: weights)
        return (weights, .attentionWeights(state))
    }

    func attentionWeightsBackward(
        _ operation: Operation, _ state: AttentionWeightsState, _ gradient: Tensor, wanted: [Bool]
    ) throws -> [Tensor?] {
        let (shape, query, key, weights) = (state.shape, state.query, state.key, state.weights)
        let dweights = try floats(gradient, operation)
        let dquery = wanted[0] ? activation(query.layout) : nil
        let dkey = wanted[1] ? activation(key.layout) : nil
        emit(shape, reads: [query, key, weights, dweights], writes: [dquery, dkey]) { memory in
            let (query, key) = (memory.floats(query.buffer), memory.floats(key.buffer))
            let (weights, dweights) = (memory.floats(weights.buffer), memory.floats(dweights.buffer))
            let (dquery, dkey) = (dquery.map { memory.floats($0.buffer) }, dkey.map { memory.floats($0.buffer) })
            return { heads, scratch in
                withUnsafePointer(to: shape) {
                    dptrain_attention_weights_gradient(
                        $0, heads, query, key, weights, dweights, dquery, dkey, scratch)
                }
            }
        }
        return [dquery, dkey]
    }

    func attentionSum(_ operation: Operation, _ inputs: [Tensor]) throws -> (output: Tensor, saved: Saved) {
        let heads = operation.inputShapes[0][0]
        let shape = attentionShape(operation.outputShape, operation.inputShapes[1], heads: heads, scale: 1)
        let (weights, values) = (try floats(inputs[0], operation), try floats(inputs[1], operation))
        let y = activation(try .rowMajor(samples: samples, operation.outputShape))
        emit(shape, reads: [weights, values], writes: [y]) { memory in
            let (weights, values) = (memory.floats(weights.buffer), memory.floats(values.buffer))
            let y = memory.floats(y.buffer)
            return { heads, scratch in
                withUnsafePointer(to: shape) { dptrain_attention_sum($0, heads, weights, values, y, scratch) }
            }
        }
        return (y, .attentionSum(AttentionSumState(shape: shape, weights: weights, values: values)))
    }

    func attentionSumBackward(
        _ operation: Operation, _ state: AttentionSumState, _ gradient: Tensor, wanted: [Bool]
    ) throws -> [Tensor?] {
        let (shape, weights, values) = (state.shape, state.weights, state.values)
        let dy = try floats(gradient, operation)
        let dweights = wanted[0] ? activation(weights.layout) : nil
        let dvalues = wanted[1] ? activation(values.layout) : nil
        emit(shape, reads: [weights, values, dy], writes: [dweights, dvalues]) { memory in
            let (weights, values) = (memory.floats(weights.buffer), memory.floats(values.buffer))
            let dy = memory.floats(dy.buffer)
            let dweights = dweights.map { memory.floats($0.buffer) }
            let dvalues = dvalues.map { memory.floats($0.buffer) }
            return { heads, scratch in
                withUnsafePointer(to: shape) {
                    dptrain_attention_sum_gradient($0, heads, weights, values, dy, dweights, dvalues, scratch)
                }
            }
        }
        return [dweights, dvalues]
    }

    /// Emits a kernel in parts of all samples' heads. What is not wanted is not written.
    private func emit(
        _ shape: dptrain_attention, reads: [Tensor], writes: [Tensor?], bind: @escaping PartBinding
    ) {
        emit(
            partsOf: samples * shape.heads, scratch: withUnsafePointer(to: shape, dptrain_attention_scratch),
            reads: reads.map(\.buffer), writes: writes.compactMap { $0?.buffer }, bind: bind)
    }

    private func floats(_ tensor: Tensor, _ operation: Operation) throws -> Tensor {
        try rowMajor(tensor, of: dnnl_f32, layer: operation.name)
    }

    /// Of queries, and of keys or values: sequences or images, whose pixels are places.
    private func attentionShape(_ query: Shape, _ value: Shape, heads: Int, scale: Float) -> dptrain_attention {
        let width = value[value.rank - 1]
        return dptrain_attention(
            heads: heads, queries: query.count / query[query.rank - 1], places: value.count / width,
            width: width / heads, lanes: library.lanes, scale: scale)
    }
}
