import Basics
import CDNNL
import Execution
import Lowering
import Models
import OneDNN

extension DNNLCompiler {
    func activation(
        _ operation: Operation, _ activation: Activation, _ input: Tensor
    ) throws -> (output: Tensor, saved: Saved) {
        guard let function = ElementwiseFunction(activation) else { return (input, .nothing) }
        let y = self.activation(input.layout)
        try emitActivation(function, input, into: y, layer: operation.name)
        return (y, .activation(output: y, function: function))
    }

    func emitActivation(_ function: ElementwiseFunction, _ input: Tensor, into output: Tensor, layer: String) throws {
        let primitive = try activationPrimitive(function, input.layout, layer: layer)
        emit(primitive, "activation", layer: layer, reads: [(DNNL_ARG_SRC, input)], writes: [(DNNL_ARG_DST, output)])
    }

    /// dx = f'(y) dy from the result y, in place of dy where that is allowed.
    func activationBackward(
        _ operation: Operation, _ function: ElementwiseFunction, _ output: Tensor, _ gradient: Tensor,
        _ mayOverwrite: Bool
    ) throws -> Tensor {
        let name = operation.name
        let dy = try reorder(gradient, to: output.layout, layer: name)
        let hint = try activationPrimitive(function, output.layout, layer: name)
        let primitive = try Primitive("an activation's gradient", library, hint: hint, layer: name) {
            dnnl_eltwise_backward_primitive_desc_create(
                &$0.made, $0.engine, function.fromResult, $0.layout(output.layout), $0.layout(output.layout),
                $0.layout(output.layout), 0, 0, $0.hint, $0.attributes)
        }
        let inPlace = mayOverwrite || dy.buffer != gradient.buffer
        let dx = inPlace ? dy : activation(output.layout)
        emit(
            primitive, "activation", layer: name, reads: [(DNNL_ARG_DST, output), (DNNL_ARG_DIFF_DST, dy)],
            writes: [(DNNL_ARG_DIFF_SRC, dx)])
        return dx
    }

    /// The gradient before the activation that is fused into an operation.
    func fusedActivationBackward(
        _ operation: Operation, _ output: Tensor, _ gradient: Tensor, _ mayOverwrite: Bool
    ) throws -> Tensor {
        guard let function = ElementwiseFunction(operation.activation), !gradient.isRectified else { return gradient }
        return try activationBackward(operation, function, output, gradient, mayOverwrite)
    }

    private func activationPrimitive(
        _ function: ElementwiseFunction, _ layout: MemoryDescriptor, layer: String
    ) throws -> Primitive {
        try Primitive("an activation", library, layer: layer) {
            dnnl_eltwise_forward_primitive_desc_create(
                &$0.made, $0.engine, dnnl_forward_training, function.fromResult, $0.layout(layout),
                $0.layout(layout), 0, 0, $0.attributes)
        }
    }

    /// Two by two, in the layout of the first; the activation follows the last addition.
    func add(_ operation: Operation, _ inputs: [Tensor]) throws -> (output: Tensor, saved: Saved) {
        let function = ElementwiseFunction(operation.activation)
        var total = inputs[0]
        for (index, next) in inputs.enumerated().dropFirst() {
            let isLast = index == inputs.count - 1
            let target = index == 1 ? activation(total.layout) : total
            try emitSum(total, next, into: target, activation: isLast ? function : nil, layer: operation.name)
            total = target
        }
        return (total, .add(output: total, function: function))
    }

    func sum(_ first: Tensor, _ second: Tensor, mayOverwriteFirst: Bool) throws -> Tensor {
        var target = mayOverwriteFirst ? first : activation(first.layout)
        target.isRectified = first.isRectified && second.isRectified
        try emitSum(first, second, into: target, activation: nil, layer: "gradient sum")
        return target
    }

    /// first + factor · second, and the activation; `target` may be either.
    func emitSum(
        _ first: Tensor, _ second: Tensor, times factor: Float = 1, into target: Tensor,
        activation: ElementwiseFunction?, layer: String
    ) throws {
        let second = try reorder(second, to: first.layout, layer: layer)
        let primitive = try Primitive(
            "an addition", library, secondFactor: factor, activation: activation, layer: layer
        ) {
            dnnl_binary_primitive_desc_create(
                &$0.made, $0.engine, dnnl_binary_add, $0.layout(first.layout), $0.layout(second.layout),
                $0.layout(target.layout), $0.attributes)
        }
        emit(
            primitive, "add", layer: layer, reads: [(DNNL_ARG_SRC_0, first), (DNNL_ARG_SRC_1, second)],
            writes: [(DNNL_ARG_DST, target)])
    }

    /// Adds `second` into `first`.
    func emitSum(_ first: Tensor, _ second: Tensor, layer: String) throws {
        try emitSum(first, second, into: first, activation: nil, layer: layer)
    }
}
