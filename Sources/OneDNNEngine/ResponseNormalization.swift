import CDNNL
import Execution
import Lowering
import Models
import OneDNN

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
        let primitive = try Primitive("a response normalisation", library, layer: operation.name) {
            dnnl_lrn_forward_primitive_desc_create(
                &$0.made, $0.engine, propagation, dnnl_lrn_across_channels, $0.layout(input.layout),
                $0.layout(input.layout), Int64(layer.size), layer.dividedAlpha, layer.beta, layer.k, $0.attributes)
        }
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
        let (layer, layout) = (state.layer, state.input.layout)
        let primitive = try Primitive(
            "a response normalisation's gradient", library, hint: state.primitive, layer: operation.name
        ) {
            dnnl_lrn_backward_primitive_desc_create(
                &$0.made, $0.engine, dnnl_lrn_across_channels, $0.layout(layout), $0.layout(layout),
                $0.layout(layout), Int64(layer.size), layer.dividedAlpha, layer.beta, layer.k, $0.hint, $0.attributes)
        }
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
