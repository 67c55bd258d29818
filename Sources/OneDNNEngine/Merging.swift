import Basics
import CDNNL
import Execution
import Lowering
import Models
import OneDNN

/// What backward needs of a concatenation's forward pass.
struct ConcatenationState {
    let inputs: [MemoryDescriptor]
    let output: MemoryDescriptor
}

/// Scaled residuals, and channels side by side.
extension DNNLCompiler {
    func scale(
        _ operation: Operation, _ layer: Scale, _ inputs: [Tensor]
    ) throws -> (output: Tensor, saved: Saved) {
        let name = operation.name
        let function = ElementwiseFunction(operation.activation)
        let y: Tensor
        if inputs.count == 2 {
            y = activation(inputs[0].layout)
            try emitSum(
                inputs[0], inputs[1], times: layer.factor, into: y, activation: function, layer: name)
        } else {
            y = try emitProduct(inputs[0], layer.factor, layer: name)
            if let function { try emitActivation(function, y, into: y, layer: name) }
        }
        return (y, .scale(layer, output: y, function: function))
    }

    /// The last input is the scaled one; one before it gets the gradient as it is.
    func scaleBackward(
        _ operation: Operation, _ layer: Scale, _ gradient: Tensor, wanted: [Bool]
    ) throws -> [Tensor?] {
        try wanted.enumerated().map { place, isWanted in
            guard isWanted else { return nil }
            guard place == wanted.count - 1 else { return gradient }
            return try emitProduct(gradient, layer.factor, layer: operation.name)
        }
    }

    /// factor · tensor
    private func emitProduct(_ tensor: Tensor, _ factor: Float, layer: String) throws -> Tensor {
        let primitive = try Primitive("a product", library, layer: layer) {
            dnnl_eltwise_forward_primitive_desc_create(
                &$0.made, $0.engine, dnnl_forward_inference, dnnl_eltwise_linear, $0.layout(tensor.layout),
                $0.layout(tensor.layout), factor, 0, $0.attributes)
        }
        let result = activation(tensor.layout)
        emit(primitive, layer: layer, reads: [(DNNL_ARG_SRC, tensor)], writes: [(DNNL_ARG_DST, result)])
        return result
    }

    /// In a layout of the library's choice where each input's channels are a part of it that can be described, as
    /// backward needs them; channels of odd numbers do not fit into blocks.
    func concatenation(_ operation: Operation, _ inputs: [Tensor]) throws -> (output: Tensor, saved: Saved) {
        let name = operation.name
        let layouts = inputs.map(\.layout)
        var primitive = try Primitive(concatenationOf: layouts, into: nil, library, layer: name)
        let chosen = try primitive.required(dnnl_query_dst_md, layer: name)
        if (try? parts(of: chosen, operation)) == nil {
            let plain = try MemoryDescriptor.rowMajor(samples: samples, operation.outputShape, type)
            primitive = try Primitive(concatenationOf: layouts, into: plain, library, layer: name)
        }
        var y = activation(try primitive.required(dnnl_query_dst_md, layer: name))
        y.isRectified = inputs.allSatisfy(\.isRectified)
        try emit(
            primitive, layer: name, isCopy: true, reads: arguments(inputs), writes: [(DNNL_ARG_DST, y)],
            forAllShards: concatenationOfAllShards(inputs, y, layer: name))
        return (y, .concatenation(ConcatenationState(inputs: layouts, output: y.layout)))
    }

    /// The library copies images one by one at a fifth of the speed that it has with several.
    private func concatenationOfAllShards(
        _ inputs: [Tensor], _ output: Tensor, layer: String
    ) throws -> ForAllShards? {
        guard let sums = builder.sums, (inputs + [output]).allSatisfy({ lieSideBySide($0) }) else { return nil }
        let layouts = inputs.compactMap { $0.layout.of(samples: samples * sums.shards) }
        guard layouts.count == inputs.count, let target = output.layout.of(samples: samples * sums.shards) else {
            return nil
        }
        let all = try Primitive(concatenationOf: layouts, into: target, library, layer: layer)
        let rows = zip(arguments(inputs), layouts).map { ($0.0, $0.1, $1) } + [(DNNL_ARG_DST, output, target)]
        return binding(all, layer: layer, rows: rows, others: [])
    }

    func concatenationBackward(
        _ operation: Operation, _ state: ConcatenationState, _ gradient: Tensor, wanted: [Bool]
    ) throws -> [Tensor?] {
        let dy = try reorder(gradient, to: state.output, layer: operation.name)
        let parts = try parts(of: state.output, operation)
        return try wanted.indices.map { place in
            guard wanted[place] else { return nil }
            var dx = activation(state.inputs[place])
            dx.isRectified = gradient.isRectified
            try emitReorder(
                Tensor(buffer: dy.buffer, layout: parts[place]), into: dx, isCopy: true, layer: operation.name)
            return dx
        }
    }

    /// Each input's channels in the layout of all.
    private func parts(of whole: MemoryDescriptor, _ operation: Operation) throws -> [MemoryDescriptor] {
        var first = 0
        return try operation.inputShapes.map { shape in
            var dimensions = whole.dimensions
            var offsets = dimensions.map { _ in 0 }
            (dimensions[1], offsets[1]) = (shape[shape.rank - 1], first)
            first += dimensions[1]
            return try whole.part(dimensions, at: offsets)
        }
    }

    private func arguments(_ tensors: [Tensor]) -> [(Int32, Tensor)] {
        tensors.enumerated().map { (DNNL_ARG_MULTIPLE_SRC + Int32(truncatingIfNeeded: $0), $1) }
    }
}
