import CConvolution
import CDNNL
import Execution
import Lowering
import Models
import OneDNN

/// Elementwise functions in kernels of our own, which read what the function was applied to in the backward pass.
struct ActivationState {
    let function: dptrain_activation
    let input: Tensor
}

extension dptrain_activation {
    /// Nil for what has no such kernel.
    init?(_ layer: Layer) {
        switch layer {
        case .activation(let layer):
            switch layer.function {
            case .relu6: self.init(function: dptrain_bounded_relu, bound: 6)
            case .silu: self.init(function: dptrain_silu, bound: 0)
            case .hardSiLU: self.init(function: dptrain_hard_silu, bound: 0)
            case .gelu: self.init(function: dptrain_gelu, bound: 0)
            default: return nil
            }
        case .plain(let layer as RectifiedLinear):
            guard let most = layer.most, layer.slope == 0, layer.threshold == 0 else { return nil }
            self.init(function: dptrain_bounded_relu, bound: most)
        default: return nil
        }
    }
}

extension DNNLCompiler {
    /// Of whatever layout and type the input has, computed in single precision. Padding of blocks stays zero: all functions are zero there.
    func activation(
        _ operation: Operation, _ function: dptrain_activation, _ input: Tensor
    ) -> (output: Tensor, saved: Saved) {
        let y = activation(input.layout)
        let (lanes, isBF16, count) = (library.lanes, y.layout.type == dnnl_bf16, y.layout.elementCount)
        emit(partsOf: count, multiple: lineOfValues, reads: [input.buffer], writes: [y.buffer]) { memory in
            let (x, y) = (memory[input.buffer], memory[y.buffer])
            return { values, _ in dptrain_activate(function, lanes, isBF16, values, x, y) }
        }
        return (y, .functionOfInput(ActivationState(function: function, input: input)))
    }

    func activationBackward(
        _ operation: Operation, _ state: ActivationState, _ gradient: Tensor, _ mayOverwrite: Bool
    ) throws -> Tensor {
        let (function, x) = (state.function, state.input)
        let dy = try reorder(gradient, to: x.layout, layer: operation.name)
        let dx = mayOverwrite || dy.buffer != gradient.buffer ? dy : activation(x.layout)
        let (lanes, isBF16, count) = (library.lanes, x.layout.type == dnnl_bf16, x.layout.elementCount)
        emit(partsOf: count, multiple: lineOfValues, reads: [dy.buffer, x.buffer], writes: [dx.buffer]) { memory in
            let (dy, x, dx) = (memory[dy.buffer], memory[x.buffer], memory[dx.buffer])
            return { values, _ in dptrain_activation_gradient(function, lanes, isBF16, values, x, dy, dx) }
        }
        return dx
    }
}
