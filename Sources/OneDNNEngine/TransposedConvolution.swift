import Basics
import CDNNL
import Execution
import Lowering
import Models
import OneDNN

/// What backward needs of a transposed convolution's forward pass.
struct TransposedConvolutionState {
    let primitive: Primitive
    let layer: TransposedConvolution2D
    let operands: ConvolutionOperands
}

/// Transposed convolutions as oneDNN's deconvolutions, which run its kernels for gradients of convolutions.
extension DNNLCompiler {
    func transposedConvolution(
        _ operation: Operation, _ layer: TransposedConvolution2D, _ input: Tensor
    ) throws -> (output: Tensor, saved: Saved) {
        let name = operation.name
        let geometry = DeconvolutionGeometry(operation, layer, samples: samples)
        let primitive = try deconvolutionPrimitive(geometry, layer, type, layer: name)
        // The arena is laid out for single precision, as that of convolutions is.
        let master =
            type == dnnl_f32 ? primitive : try deconvolutionPrimitive(geometry, layer, dnnl_f32, layer: name)
        let operands = try emitForward(
            operation, primitive, master: master, input, keras: geometry.kerasKernel(), usesBias: layer.usesBias)
        let state = TransposedConvolutionState(primitive: primitive, layer: layer, operands: operands)
        return (operands.output, .transposedConvolution(state))
    }

    private func deconvolutionPrimitive(
        _ geometry: DeconvolutionGeometry, _ layer: TransposedConvolution2D, _ type: dnnl_data_type_t,
        layer name: String
    ) throws -> Primitive {
        let (source, weights, target) = try geometry.anyLayouts(type, weights: type)
        let bias = layer.usesBias ? try MemoryDescriptor.vector(layer.filters) : nil
        return try Primitive("a transposed convolution", library, layer: name) {
            dnnl_deconvolution_forward_primitive_desc_create(
                &$0.made, $0.engine, dnnl_forward_training, dnnl_deconvolution_direct, $0.layout(source),
                $0.layout(weights), $0.layout(bias), $0.layout(target), geometry.strides, geometry.gaps,
                geometry.paddingBefore, geometry.paddingAfter, $0.attributes)
        }
    }

    func transposedConvolutionBackward(
        _ operation: Operation, _ state: TransposedConvolutionState, _ gradient: Tensor, wantsInput: Bool
    ) throws -> Tensor? {
        let geometry = DeconvolutionGeometry(operation, state.layer, samples: samples)
        if changes(operation.parameters[0]) {
            try transposedConvolutionWeightGradient(operation, state, geometry, gradient)
        }
        return wantsInput ? try transposedConvolutionInputGradient(operation, state, geometry, gradient) : nil
    }

    private func transposedConvolutionWeightGradient(
        _ operation: Operation, _ state: TransposedConvolutionState, _ geometry: DeconvolutionGeometry,
        _ gradient: Tensor
    ) throws {
        let name = operation.name
        let (source, weights, target) = try geometry.anyLayouts(type, weights: dnnl_f32)
        let bias = state.layer.usesBias ? try MemoryDescriptor.vector(state.layer.filters) : nil
        let primitive = try Primitive("a weight gradient", library, hint: state.primitive, layer: name) {
            dnnl_deconvolution_backward_weights_primitive_desc_create(
                &$0.made, $0.engine, dnnl_deconvolution_direct, $0.layout(source), $0.layout(weights),
                $0.layout(bias), $0.layout(target), geometry.strides, geometry.gaps, geometry.paddingBefore,
                geometry.paddingAfter, $0.hint, $0.attributes)
        }
        var operands = state.operands
        operands.input = try remadeValues.keptOrRemade(operands.input)
        try emitWeightGradient(operation, primitive, operands, gradient, usesBias: state.layer.usesBias)
    }

    private func transposedConvolutionInputGradient(
        _ operation: Operation, _ state: TransposedConvolutionState, _ geometry: DeconvolutionGeometry,
        _ gradient: Tensor
    ) throws -> Tensor {
        let name = operation.name
        let (source, weights, target) = try geometry.anyLayouts(type, weights: type)
        let primitive = try Primitive("an input gradient", library, hint: state.primitive, layer: name) {
            dnnl_deconvolution_backward_data_primitive_desc_create(
                &$0.made, $0.engine, dnnl_deconvolution_direct, $0.layout(source), $0.layout(weights),
                $0.layout(target), geometry.strides, geometry.gaps, geometry.paddingBefore, geometry.paddingAfter,
                $0.hint, $0.attributes)
        }
        return try emitInputGradient(operation, primitive, state.operands, gradient)
    }
}

/// A transposed convolution in oneDNN's terms. Strides and padding are those of the conjugate convolution.
private struct DeconvolutionGeometry {
    let input: [Int]
    /// Filters, inputs of each, height and width.
    let kernel: [Int]
    let output: [Int]
    private let conjugate: ConvolutionGeometry

    init(_ operation: Operation, _ layer: TransposedConvolution2D, samples: Int) {
        conjugate = ConvolutionGeometry(operation.conjugate(layer), layer.window, samples: samples)
        (input, output) = (conjugate.output, conjugate.input)
        kernel = [output[1], input[1]] + conjugate.kernel[2...]
    }

    var strides: [Int64] { conjugate.strides }
    var gaps: [Int64] { conjugate.gaps }
    var paddingBefore: [Int64] { conjugate.paddingBefore }
    var paddingAfter: [Int64] { conjugate.paddingAfter }

    /// Source, weights and target in layouts for the library to choose.
    func anyLayouts(
        _ type: dnnl_data_type_t, weights: dnnl_data_type_t
    ) throws -> (MemoryDescriptor, MemoryDescriptor, MemoryDescriptor) {
        try MemoryDescriptor.any(input, kernel, output, type, weights: weights)
    }

    /// The kernel as Keras has it: height, width, filters, inputs.
    func kerasKernel() throws -> MemoryDescriptor {
        let (filters, inputs) = (kernel[0], kernel[1])
        return try MemoryDescriptor(kernel, strides: [inputs, 1, kernel[3] * filters * inputs, filters * inputs])
    }
}
