import Basics
import CDNNL
import Execution
import Lowering
import Models
import OneDNN

/// What a convolution computes with, in the layouts of its forward pass.
struct ConvolutionOperands {
    var input: Tensor
    /// The parameter in the arena.
    let kernel: Tensor
    var output: Tensor
}

/// What backward needs of a convolution's forward pass.
struct ConvolutionState {
    /// Nil where the forward pass is not oneDNN's: then no pass is.
    let primitive: Primitive?
    /// The same in single precision.
    let master: Primitive?
    /// For the images of all shards, if there is one.
    let forAllShards: Primitive?
    let layer: Convolution2D
    var operands: ConvolutionOperands
}

extension DNNLCompiler {
    func convolution(
        _ operation: Operation, _ layer: Convolution2D, _ input: Tensor
    ) throws -> (output: Tensor, saved: Saved) {
        let geometry = ConvolutionGeometry(operation, layer.window, groups: layer.groups, samples: samples)
        let isTiled =
            algorithm(for: .forward, geometry, type) == .tiledWinograd
            && [.linear, .relu].contains(operation.activation)
        var state =
            isTiled
            ? try tiledWinogradForward(operation, layer, geometry, input)
            : try convolutionForward(operation, layer, geometry, input)
        state.operands.output.isRectified = operation.activation == .relu
        return (state.operands.output, .convolution(state))
    }

    private func convolutionForward(
        _ operation: Operation, _ layer: Convolution2D, _ geometry: ConvolutionGeometry, _ input: Tensor
    ) throws -> ConvolutionState {
        let primitive = try choosing(.forward, geometry, type) { algorithm in
            try convolutionPrimitive(operation, layer, geometry, type, algorithm)
        }
        // The arena is laid out for single precision, where most weight gradients come in the forward layout.
        let master =
            type == dnnl_f32
            ? primitive : try convolutionPrimitive(operation, layer, geometry, dnnl_f32, dnnl_convolution_direct)
        let all = try imagesOfAllShards(primitive, layer: operation.name) { samples in
            try convolutionPrimitive(
                operation, layer, geometry.of(samples: samples), type, dnnl_convolution_direct)
        }
        let operands = try emitForward(
            operation, primitive, master: master, input, keras: geometry.kerasKernel(), usesBias: layer.usesBias,
            forAllShards: all)
        return ConvolutionState(
            primitive: primitive, master: master, forAllShards: all, layer: layer, operands: operands)
    }

    private func convolutionPrimitive(
        _ operation: Operation, _ layer: Convolution2D, _ geometry: ConvolutionGeometry, _ type: dnnl_data_type_t,
        _ algorithm: dnnl_alg_kind_t
    ) throws -> Primitive {
        let (source, weights, target) = try geometry.anyLayouts(type, weights: type)
        let bias = layer.usesBias ? try MemoryDescriptor.vector(layer.filters) : nil
        // Inference would choose other weight layouts than the arena has.
        return try Primitive(
            "a convolution", library, activation: ElementwiseFunction(operation.activation), layer: operation.name
        ) {
            dnnl_convolution_forward_primitive_desc_create(
                &$0.made, $0.engine, dnnl_forward_training, algorithm, $0.layout(source), $0.layout(weights),
                $0.layout(bias), $0.layout(target), geometry.strides, geometry.gaps, geometry.paddingBefore,
                geometry.paddingAfter, $0.attributes)
        }
    }

    func convolutionBackward(
        _ operation: Operation, _ state: ConvolutionState, _ gradient: Tensor, _ mayOverwrite: Bool, wantsInput: Bool
    ) throws -> Tensor? {
        let geometry = ConvolutionGeometry(
            operation, state.layer.window, groups: state.layer.groups, samples: samples)
        let dy = try fusedActivationBackward(operation, state.operands.output, gradient, mayOverwrite)
        if changes(operation.parameters[0]) {
            var state = state
            state.operands.input = try remadeValues.keptOrRemade(state.operands.input)
            try convolutionWeightsBackward(operation, state, geometry, dy)
        }
        return wantsInput ? try convolutionDataBackward(operation, state, geometry, dy) : nil
    }

    private func convolutionWeightsBackward(
        _ operation: Operation, _ state: ConvolutionState, _ geometry: ConvolutionGeometry, _ gradient: Tensor
    ) throws {
        switch algorithm(for: .weightGradient, geometry, type) {
        case .tiledWinograd: return try tiledWinogradWeightGradient(operation, state, geometry, gradient)
        case .pairedPixels: return try pairedPixelsWeightGradient(operation, state, geometry, gradient)
        case .direct, .libraryWinograd: break
        }
        var primitive = try choosing(.weightGradient, geometry, type) { algorithm in
            try weightGradientPrimitive(operation, state, geometry, type, algorithm)
        }
        // For inputs of one channel oneDNN has no kernel in bf16, and its detour takes several times as long.
        if type == dnnl_bf16, !primitive.implementation.hasPrefix("jit") {
            primitive = try weightGradientPrimitive(operation, state, geometry, dnnl_f32, dnnl_convolution_direct)
        }
        try emitWeightGradient(operation, primitive, state.operands, gradient, usesBias: state.layer.usesBias)
    }

    /// From activations of the type to gradients in single precision.
    private func weightGradientPrimitive(
        _ operation: Operation, _ state: ConvolutionState, _ geometry: ConvolutionGeometry, _ type: dnnl_data_type_t,
        _ algorithm: dnnl_alg_kind_t
    ) throws -> Primitive {
        let (source, weights, target) = try geometry.anyLayouts(type, weights: dnnl_f32)
        let bias = state.layer.usesBias ? try MemoryDescriptor.vector(state.layer.filters) : nil
        return try Primitive(
            "a weight gradient", library, hint: type == dnnl_f32 ? state.master : state.primitive,
            layer: operation.name
        ) {
            dnnl_convolution_backward_weights_primitive_desc_create(
                &$0.made, $0.engine, algorithm, $0.layout(source), $0.layout(weights), $0.layout(bias),
                $0.layout(target), geometry.strides, geometry.gaps, geometry.paddingBefore, geometry.paddingAfter,
                $0.hint, $0.attributes)
        }
    }

    private func convolutionDataBackward(
        _ operation: Operation, _ state: ConvolutionState, _ geometry: ConvolutionGeometry, _ gradient: Tensor
    ) throws -> Tensor {
        if algorithm(for: .inputGradient, geometry, type) == .tiledWinograd {
            return try tiledWinogradInputGradient(operation, state, geometry, gradient)
        }
        let primitive = try choosing(.inputGradient, geometry, type) { algorithm in
            try inputGradientPrimitive(state.primitive, geometry, algorithm, layer: operation.name)
        }
        let all = try state.forAllShards.flatMap { forward in
            try imagesOfAllShards(primitive, layer: operation.name) { samples in
                try inputGradientPrimitive(
                    forward, geometry.of(samples: samples), dnnl_convolution_direct, layer: operation.name)
            }
        }
        return try emitInputGradient(operation, primitive, state.operands, gradient, forAllShards: all)
    }

    private func inputGradientPrimitive(
        _ forward: Primitive?, _ geometry: ConvolutionGeometry, _ algorithm: dnnl_alg_kind_t, layer: String
    ) throws -> Primitive {
        let (source, weights, target) = try geometry.anyLayouts(type, weights: type)
        return try Primitive("an input gradient", library, hint: forward, layer: layer) {
            dnnl_convolution_backward_data_primitive_desc_create(
                &$0.made, $0.engine, algorithm, $0.layout(source), $0.layout(weights), $0.layout(target),
                geometry.strides, geometry.gaps, geometry.paddingBefore, geometry.paddingAfter, $0.hint,
                $0.attributes)
        }
    }

    /// Whether a step computes the parameter's gradient, or the sums of its statistic.
    func changes(_ parameter: Int) -> Bool { builder.network.parameters[parameter].specification.role != .frozen }

    /// Emits a primitive whose weight gradient goes to the arena.
    func emitWeightGradient(
        _ primitive: Primitive, _ parameter: Int, arenaLayout: MemoryDescriptor, layer: String,
        reads: [(Int32, Tensor)], alsoWrites: [(Int32, Tensor)]
    ) throws {
        let wanted = try primitive.required(dnnl_query_diff_weights_md, layer: layer)
        try toArena(parameter, arenaLayout, wanted, layer: layer) { target in
            emit(primitive, layer: layer, reads: reads, writes: [(DNNL_ARG_DIFF_WEIGHTS, target)] + alsoWrites)
        }
    }

    /// What `emitting` writes goes to the gradient arena: straight where the layouts agree, through scratch and a reorder
    /// where it comes in another.
    func toArena(
        _ parameter: Int, _ arenaLayout: MemoryDescriptor, _ wanted: MemoryDescriptor, layer: String,
        emitting: (Tensor) -> Void
    ) throws {
        let slice = Tensor(buffer: builder.gradient(of: parameter), layout: arenaLayout)
        let target = wanted == arenaLayout ? slice : scratch(wanted)
        emitting(target)
        if wanted != arenaLayout { try emitReorder(target, into: slice, layer: layer) }
    }
}

/// A convolution in oneDNN's terms: dimensions of tensors, strides and padding.
struct ConvolutionGeometry {
    private(set) var input: [Int]
    /// Filters, inputs of each, height and width.
    let kernel: [Int]
    let groups: Int
    private(set) var output: [Int]
    let strides: [Int64]
    /// Pixels left out between those that the window sees.
    let gaps: [Int64]
    let paddingBefore: [Int64]
    let paddingAfter: [Int64]

    init(_ operation: Operation, _ window: Window2D, groups: Int = 1, samples: Int) {
        let (x, y) = (operation.inputShapes[0], operation.outputShape)
        self.groups = groups
        input = [samples, x[2], x[0], x[1]]
        kernel = [y[2], x[2] / groups, window.size.height, window.size.width]
        output = [samples, y[2], y[0], y[1]]
        strides = [Int64(window.stride.height), Int64(window.stride.width)]
        gaps = [Int64(window.dilation.height - 1), Int64(window.dilation.width - 1)]
        paddingBefore = operation.margins.before
        paddingAfter = operation.margins.after
    }

    func of(samples: Int) -> ConvolutionGeometry {
        var other = self
        (other.input[0], other.output[0]) = (samples, samples)
        return other
    }

    /// The kernel's dimensions, in which groups have one of their own.
    var weights: [Int] { groups == 1 ? kernel : [groups, kernel[0] / groups] + kernel[1...] }

    /// Source, weights and target in layouts for the library to choose.
    func anyLayouts(
        _ type: dnnl_data_type_t, weights weightType: dnnl_data_type_t
    ) throws -> (MemoryDescriptor, MemoryDescriptor, MemoryDescriptor) {
        try MemoryDescriptor.any(input, weights, output, type, weights: weightType)
    }

    /// The kernel as Keras has it.
    func kerasKernel() throws -> MemoryDescriptor {
        try MemoryDescriptor(weights, groups == 1 ? dnnl_hwio : dnnl_hwigo)
    }
}
