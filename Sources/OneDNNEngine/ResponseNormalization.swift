import CDNNL
import Execution
import Lowering
import Models

/// What backward needs of a local response normalisation's forward pass.
struct ResponseNormalizationState {
    let layer: LocalResponseNormalization
    let primitive: Primitive
    let input: Tensor
    let workspace: Tensor?
}

extension DNNLCompiler {
    func responseNormalization(
        _ operation: Operation, _ layer: LocalResponseNormalization, _ input: Tensor
    ) throws -> (output: Tensor, saved: Saved) {
        var descriptor = dnnl_lrn_desc_t()
        var data = input.layout.raw
        try check(
            dnnl_lrn_forward_desc_init(
                &descriptor, propagation, dnnl_lrn_across_channels, &data, Int64(layer.size), layer.dividedAlpha,
                layer.beta, layer.k),
            "describe a response normalisation", layer: operation.name)
        let primitive = try Primitive(descriptor, library, layer: operation.name)
        let y = activation(input.layout)
        let workspace = workspace(of: primitive)
        var writes = [(DNNL_ARG_DST, y)]
        if let workspace { writes.append((DNNL_ARG_WORKSPACE, workspace)) }
        emit(primitive, layer: operation.name, reads: [(DNNL_ARG_SRC, input)], writes: writes)
        let state = ResponseNormalizationState(
            layer: layer, primitive: primitive, input: input, workspace: workspace)
        return (y, .responseNormalization(state))
    }

    func responseNormalizationBackward(
        _ operation: Operation, _ state: ResponseNormalizationState, _ gradient: Tensor
    ) throws -> Tensor {
        let dy = try reorder(gradient, to: state.input.layout, layer: operation.name)
        var descriptor = dnnl_lrn_desc_t()
        var (difference, data) = (state.input.layout.raw, state.input.layout.raw)
        try check(
            dnnl_lrn_backward_desc_init(
                &descriptor, dnnl_lrn_across_channels, &difference, &data, Int64(state.layer.size),
                state.layer.dividedAlpha, state.layer.beta, state.layer.k),
            "describe a response normalisation's gradient", layer: operation.name)
        let primitive = try Primitive(descriptor, library, hint: state.primitive, layer: operation.name)
        let dx = activation(state.input.layout)
        var reads = [(DNNL_ARG_SRC, state.input), (DNNL_ARG_DIFF_DST, dy)]
        if let workspace = state.workspace { reads.append((DNNL_ARG_WORKSPACE, workspace)) }
        emit(primitive, layer: operation.name, reads: reads, writes: [(DNNL_ARG_DIFF_SRC, dx)])
        return dx
    }
}

extension LocalResponseNormalization {
    /// oneDNN divides alpha by the size of the window.
    fileprivate var dividedAlpha: Float { alpha * Float(size) }
}
