import CDNNL
import Execution
import Models
import NumericCore

/// What backward needs of a convolution's forward pass.
struct ConvolutionState {
    let primitive: Primitive
    /// The same in single precision.
    let master: Primitive
    let layer: Convolution2D
    let input: Tensor
    let kernel: Tensor
    let output: Tensor
}

extension DNNLCompiler {
    func convolution(
        _ operation: Operation, _ layer: Convolution2D, _ input: Tensor
    ) throws -> (output: Tensor, saved: Saved) {
        let geometry = ConvolutionGeometry(operation, layer, samples: samples)
        let primitive = try convolutionPrimitive(operation, layer, geometry, type)
        let name = operation.name
        let x = try reorder(input, to: primitive.required(dnnl_query_src_md, layer: name), layer: name)
        let wanted = try primitive.required(dnnl_query_weights_md, layer: name)
        // The arena is laid out for single precision, where most weight gradients come in the forward layout.
        let master = type == dnnl_f32 ? primitive : try convolutionPrimitive(operation, layer, geometry, dnnl_f32)
        let kernel = try parameter(
            operation.parameters[0], keras: MemoryDescriptor(geometry.kernel, dnnl_hwio),
            preferred: master.required(dnnl_query_weights_md, layer: name))
        let w = try reorder(kernel, to: wanted, inScratch: true, layer: name)
        var y = activation(try primitive.required(dnnl_query_dst_md, layer: name))
        y.isRectified = operation.activation == .relu
        var reads = [(DNNL_ARG_SRC, x), (DNNL_ARG_WEIGHTS, w)]
        if layer.usesBias { reads.append((DNNL_ARG_BIAS, try vector(operation.parameters[1]))) }
        emit(primitive, layer: name, reads: reads, writes: [(DNNL_ARG_DST, y)])
        let state = ConvolutionState(
            primitive: primitive, master: master, layer: layer, input: x, kernel: kernel, output: y)
        return (y, .convolution(state))
    }

    private func convolutionPrimitive(
        _ operation: Operation, _ layer: Convolution2D, _ geometry: ConvolutionGeometry, _ type: dnnl_data_type_t
    ) throws -> Primitive {
        var descriptor = dnnl_convolution_desc_t()
        var (source, weights, target) = (
            try MemoryDescriptor.any(geometry.input, type).raw, try MemoryDescriptor.any(geometry.kernel, type).raw,
            try MemoryDescriptor.any(geometry.output, type).raw
        )
        var bias = try MemoryDescriptor.vector(layer.filters).raw
        // Inference would choose other weight layouts than the arena has.
        try withUnsafeMutablePointer(to: &bias) { bias in
            try check(
                dnnl_dilated_convolution_forward_desc_init(
                    &descriptor, dnnl_forward_training, dnnl_convolution_direct, &source, &weights,
                    layer.usesBias ? bias : nil, &target, geometry.strides, geometry.gaps, geometry.paddingBefore,
                    geometry.paddingAfter),
                "describe a convolution", layer: operation.name)
        }
        return try Primitive(
            descriptor, library, activation: ElementwiseFunction(operation.activation), layer: operation.name)
    }

    func convolutionBackward(
        _ operation: Operation, _ state: ConvolutionState, _ gradient: Tensor, _ mayOverwrite: Bool, wantsInput: Bool
    ) throws -> Tensor? {
        let geometry = ConvolutionGeometry(operation, state.layer, samples: samples)
        let dy = try fusedActivationBackward(operation, state.output, gradient, mayOverwrite)
        if changes(operation.parameters[0]) {
            try convolutionWeightsBackward(operation, state, geometry, dy)
        }
        return wantsInput ? try convolutionDataBackward(operation, state, geometry, dy) : nil
    }

    private func convolutionWeightsBackward(
        _ operation: Operation, _ state: ConvolutionState, _ geometry: ConvolutionGeometry, _ gradient: Tensor
    ) throws {
        let name = operation.name
        var primitive = try weightGradientPrimitive(operation, state, geometry, type)
        // For inputs of one channel oneDNN has no kernel in bf16, and its detour takes several times as long.
        if type == dnnl_bf16, !primitive.implementation.hasPrefix("jit") {
            primitive = try weightGradientPrimitive(operation, state, geometry, dnnl_f32)
        }
        let x = try reorder(state.input, to: primitive.required(dnnl_query_src_md, layer: name), layer: name)
        let dy = try reorder(gradient, to: primitive.required(dnnl_query_diff_dst_md, layer: name), layer: name)
        let biasGradient =
            state.layer.usesBias ? [(DNNL_ARG_DIFF_BIAS, try vectorGradient(operation.parameters[1]))] : []
        try emitWeightGradient(
            primitive, operation.parameters[0], arenaLayout: state.kernel.layout, layer: name,
            reads: [(DNNL_ARG_SRC, x), (DNNL_ARG_DIFF_DST, dy)], alsoWrites: biasGradient)
    }

    /// From activations of the type to gradients in single precision.
    private func weightGradientPrimitive(
        _ operation: Operation, _ state: ConvolutionState, _ geometry: ConvolutionGeometry, _ type: dnnl_data_type_t
    ) throws -> Primitive {
        var descriptor = dnnl_convolution_desc_t()
        var (source, weights, target) = (
            try MemoryDescriptor.any(geometry.input, type).raw, try MemoryDescriptor.any(geometry.kernel, dnnl_f32).raw,
            try MemoryDescriptor.any(geometry.output, type).raw
        )
        var bias = try MemoryDescriptor.vector(state.layer.filters).raw
        try withUnsafeMutablePointer(to: &bias) { bias in
            try check(
                dnnl_dilated_convolution_backward_weights_desc_init(
                    &descriptor, dnnl_convolution_direct, &source, &weights, state.layer.usesBias ? bias : nil, &target,
                    geometry.strides, geometry.gaps, geometry.paddingBefore, geometry.paddingAfter),
                "describe a weight gradient", layer: operation.name)
        }
        return try Primitive(
            descriptor, library, hint: type == dnnl_f32 ? state.master : state.primitive, layer: operation.name)
    }

    private func convolutionDataBackward(
        _ operation: Operation, _ state: ConvolutionState, _ geometry: ConvolutionGeometry, _ gradient: Tensor
    ) throws -> Tensor {
        let name = operation.name
        var descriptor = dnnl_convolution_desc_t()
        var (source, weights, target) = (
            try MemoryDescriptor.any(geometry.input, type).raw, try MemoryDescriptor.any(geometry.kernel, type).raw,
            try MemoryDescriptor.any(geometry.output, type).raw
        )
        try check(
            dnnl_dilated_convolution_backward_data_desc_init(
                &descriptor, dnnl_convolution_direct, &source, &weights, &target, geometry.strides, geometry.gaps,
                geometry.paddingBefore, geometry.paddingAfter),
            "describe an input gradient", layer: name)
        let primitive = try Primitive(descriptor, library, hint: state.primitive, layer: name)
        let w = try reorder(
            state.kernel, to: primitive.required(dnnl_query_weights_md, layer: name), inScratch: true, layer: name)
        let dy = try reorder(gradient, to: primitive.required(dnnl_query_diff_dst_md, layer: name), layer: name)
        let dx = activation(try primitive.required(dnnl_query_diff_src_md, layer: name))
        emit(
            primitive, layer: name, reads: [(DNNL_ARG_DIFF_DST, dy), (DNNL_ARG_WEIGHTS, w)],
            writes: [(DNNL_ARG_DIFF_SRC, dx)])
        return dx
    }

    /// Whether a step computes the parameter's gradient, or the sums of its statistic.
    func changes(_ parameter: Int) -> Bool { builder.network.parameters[parameter].specification.role != .frozen }

    /// Emits a primitive whose weight gradient goes to the arena: straight where the layouts agree, through scratch and a
    /// reorder where the primitive wants another.
    func emitWeightGradient(
        _ primitive: Primitive, _ parameter: Int, arenaLayout: MemoryDescriptor, layer: String,
        reads: [(Int32, Tensor)], alsoWrites: [(Int32, Tensor)]
    ) throws {
        let wanted = try primitive.required(dnnl_query_diff_weights_md, layer: layer)
        let slice = Tensor(buffer: builder.gradient(of: parameter), layout: arenaLayout)
        let target = wanted == arenaLayout ? slice : scratch(wanted)
        emit(primitive, layer: layer, reads: reads, writes: [(DNNL_ARG_DIFF_WEIGHTS, target)] + alsoWrites)
        if wanted != arenaLayout { try emitReorder(target, into: slice, layer: layer) }
    }
}

/// A convolution in oneDNN's terms: dimensions of tensors, strides and padding.
private struct ConvolutionGeometry {
    let input: [Int]
    let kernel: [Int]
    let output: [Int]
    let strides: [Int64]
    /// Pixels left out between those that the window sees.
    let gaps: [Int64]
    let paddingBefore: [Int64]
    let paddingAfter: [Int64]

    init(_ operation: Operation, _ layer: Convolution2D, samples: Int) {
        let (x, y) = (operation.inputShapes[0], operation.outputShape)
        input = [samples, x[2], x[0], x[1]]
        kernel = [layer.filters, x[2], layer.window.size.height, layer.window.size.width]
        output = [samples, y[2], y[0], y[1]]
        strides = [Int64(layer.window.stride.height), Int64(layer.window.stride.width)]
        gaps = [Int64(layer.window.dilation.height - 1), Int64(layer.window.dilation.width - 1)]
        paddingBefore = operation.margins.before
        paddingAfter = operation.margins.after
    }
}
