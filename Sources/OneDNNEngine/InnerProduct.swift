import Basics
import CDNNL
import Execution
import Lowering
import Models
import OneDNN

/// What backward needs of a dense layer's forward pass.
struct DenseState {
    let primitive: Primitive
    let input: Tensor
    /// In the arena.
    let kernel: Tensor
    /// As forward read it.
    let weights: Tensor
    let output: Tensor
    let usesBias: Bool
    /// The primitive for the rows of all shards, if there is one.
    let forAllShards: Primitive?
}

extension DNNLCompiler {
    func dense(_ operation: Operation, _ input: Tensor) throws -> (output: Tensor, saved: Saved) {
        let name = operation.name
        let (inputs, outputs) = (operation.inputShapes[0].count, operation.outputShape.count)
        let usesBias = operation.parameters.count > 1
        let primitive = try densePrimitive(operation, input.layout)
        let wanted = try primitive.required(dnnl_query_weights_md, layer: name)
        // The arena is laid out for single precision, as that of convolutions is.
        let master = type == dnnl_f32 ? primitive : try densePrimitive(operation, try input.layout.of(dnnl_f32))
        let kernel = try parameter(
            operation.parameters[0], keras: MemoryDescriptor([outputs, inputs], dnnl_ba),
            preferred: master.required(dnnl_query_weights_md, layer: name))
        // Backward mostly wants the converted weights as they are.
        let keepsWeights = builder.isTraining && type != dnnl_f32
        let w =
            keepsWeights && !builder.keepsWeightCopies
            ? try reorder(kernel, to: wanted, layer: name)
            : try readable(operation.parameters[0], kernel, as: wanted, layer: name)
        let y = activation(try primitive.required(dnnl_query_dst_md, layer: name))
        let bias = usesBias ? [(DNNL_ARG_BIAS, try vector(operation.parameters[1]))] : []
        let all = try rowsOfAllShards(primitive, input, y) { samples in
            try densePrimitive(operation, .rowMajor(samples: samples, [inputs], type))
        }
        try emit(
            primitive, layer: name, from: (DNNL_ARG_SRC, input, dnnl_query_src_md),
            with: [(DNNL_ARG_WEIGHTS, w)] + bias, to: (DNNL_ARG_DST, y, dnnl_query_dst_md), forAllShards: all)
        let state = DenseState(
            primitive: primitive, input: input, kernel: kernel, weights: keepsWeights ? w : kernel, output: y,
            usesBias: usesBias, forAllShards: all)
        return (y, .dense(state))
    }

    /// The forward primitive for rows in this layout, of this type.
    private func densePrimitive(_ operation: Operation, _ input: MemoryDescriptor) throws -> Primitive {
        let (inputs, outputs) = (operation.inputShapes[0].count, operation.outputShape.count)
        let usesBias = operation.parameters.count > 1
        let weights = try MemoryDescriptor.any([outputs, inputs], input.type)
        let bias = usesBias ? try MemoryDescriptor.vector(outputs) : nil
        let target = try MemoryDescriptor.any([input.dimensions[0], outputs], input.type)
        return try Primitive(
            "a dense layer", library, activation: ElementwiseFunction(operation.activation), layer: operation.name
        ) {
            dnnl_inner_product_forward_primitive_desc_create(
                &$0.made, $0.engine, dnnl_forward_training, $0.layout(input), $0.layout(weights), $0.layout(bias),
                $0.layout(target), $0.attributes)
        }
    }

    func denseBackward(
        _ operation: Operation, _ state: DenseState, _ gradient: Tensor, _ mayOverwrite: Bool, wantsInput: Bool
    ) throws -> Tensor? {
        let dy = try fusedActivationBackward(operation, state.output, gradient, mayOverwrite)
        if changes(operation.parameters[0]) { try denseWeightsBackward(operation, state, dy) }
        return wantsInput ? try denseDataBackward(operation, state, dy) : nil
    }

    private func denseWeightsBackward(_ operation: Operation, _ state: DenseState, _ gradient: Tensor) throws {
        let name = operation.name
        let (inputs, outputs) = (operation.inputShapes[0].count, operation.outputShape.count)
        let weights = try MemoryDescriptor.any([outputs, inputs], dnnl_f32)
        let bias = state.usesBias ? try MemoryDescriptor.vector(outputs) : nil
        let primitive = try Primitive("a weight gradient", library, hint: state.primitive, layer: name) {
            dnnl_inner_product_backward_weights_primitive_desc_create(
                &$0.made, $0.engine, $0.layout(state.input.layout), $0.layout(weights), $0.layout(bias),
                $0.layout(gradient.layout), $0.hint, $0.attributes)
        }
        if try emitDenseSum(operation, primitive, state, gradient) { return }
        let biasGradient = state.usesBias ? [(DNNL_ARG_DIFF_BIAS, try vectorGradient(operation.parameters[1]))] : []
        try emitWeightGradient(
            primitive, operation.parameters[0], arenaLayout: state.kernel.layout, layer: name,
            reads: [(DNNL_ARG_SRC, state.input), (DNNL_ARG_DIFF_DST, gradient)], alsoWrites: biasGradient)
    }

    /// Emits the sum over shards of the weights' gradients, if shards go layer by layer and have few rows.
    private func emitDenseSum(
        _ operation: Operation, _ primitive: Primitive, _ state: DenseState, _ gradient: Tensor
    ) throws -> Bool {
        let (rows, layout) = (samples, state.kernel.layout)
        guard let sums = sumsOfRows(primitive),
            sums.levelCount <= DenseSum.mostLevels, builder.largestShard <= DenseSum.mostRows,
            !operation.parameters.contains(where: builder.isShared), let width = try DenseSum.width(layout),
            primitive.layout(dnnl_query_diff_weights_md) == layout,
            try isRowMajor(state.input), try isRowMajor(gradient)
        else { return false }
        let dw = builder.arenaGradient(of: operation.parameters[0])
        let db = state.usesBias ? builder.arenaGradient(of: operation.parameters[1]) : nil
        let (x, dy, dimensions) = (state.input.buffer, gradient.buffer, layout.dimensions)
        let isBF16 = type == dnnl_bf16
        builder.emitSum(of: operation.parameters[0], reads: [x, dy]) { memory in
            DenseSum(
                inputs: dimensions[1], outputs: dimensions[0], width: width, isBF16: isBF16, shards: sums.shards,
                kernels: memory.sums(dw), biases: db.map { memory.sums($0) } ?? [])
        } note: { sum, memory in
            let (x, dy, shard) = (memory[x], memory[dy], memory.shard)
            guard let sum = sum as? DenseSum else { preconditionFailure("the sum of another layer") }
            return { _ in sum.note(shard, x, dy, rows: rows) }
        }
        return true
    }

    private func dataPrimitive(
        _ operation: Operation, _ forward: Primitive, input: MemoryDescriptor, gradient: MemoryDescriptor
    ) throws -> Primitive {
        let (inputs, outputs) = (operation.inputShapes[0].count, operation.outputShape.count)
        let weights = try MemoryDescriptor.any([outputs, inputs], type)
        return try Primitive("an input gradient", library, hint: forward, layer: operation.name) {
            dnnl_inner_product_backward_data_primitive_desc_create(
                &$0.made, $0.engine, $0.layout(input), $0.layout(weights), $0.layout(gradient), $0.hint,
                $0.attributes)
        }
    }

    private func denseDataBackward(_ operation: Operation, _ state: DenseState, _ gradient: Tensor) throws -> Tensor {
        let name = operation.name
        let primitive = try dataPrimitive(
            operation, state.primitive, input: state.input.layout, gradient: gradient.layout)
        let wanted = try primitive.required(dnnl_query_weights_md, layer: name)
        let w =
            state.weights.layout == wanted
            ? state.weights : try readable(operation.parameters[0], state.kernel, as: wanted, layer: name)
        let dx = activation(state.input.layout)
        let all = try state.forAllShards.flatMap { forward in
            try rowsOfAllShards(primitive, gradient, dx) { samples in
                try dataPrimitive(
                    operation, forward, input: .rowMajor(samples: samples, [operation.inputShapes[0].count], type),
                    gradient: .rowMajor(samples: samples, [operation.outputShape.count], type))
            }
        }
        try emit(
            primitive, layer: name, from: (DNNL_ARG_DIFF_DST, gradient, dnnl_query_diff_dst_md),
            with: [(DNNL_ARG_WEIGHTS, w)], to: (DNNL_ARG_DIFF_SRC, dx, dnnl_query_diff_src_md), forAllShards: all)
        return dx
    }

    // MARK: Convolutions that are dense layers

    /// Whether the convolution's window is the whole image: then it is a dense layer of the image's row-major features,
    /// its kernel in Keras's order the same matrix.
    func coversImage(_ operation: Operation) -> Bool {
        guard case .convolution(let layer) = operation.layer, layer.groups == 1 else { return false }
        let image = operation.inputShapes[0]
        return layer.window.size == Extent2D(height: image[0], width: image[1]) && operation.margins == .none
    }

    func coveringConvolution(_ operation: Operation, _ image: Tensor) throws -> (output: Tensor, saved: Saved) {
        let rows = try view(
            rowMajor(image, of: type, layer: operation.name), as: [operation.inputShapes[0].count])
        let (y, saved) = try dense(operation, rows)
        guard case .dense(let state) = saved else { return (y, saved) }
        return (try view(y, as: operation.outputShape), .coveringConvolution(state))
    }

    func coveringConvolutionBackward(
        _ operation: Operation, _ state: DenseState, _ gradient: Tensor, _ mayOverwrite: Bool, wantsInput: Bool
    ) throws -> Tensor? {
        let rows = try rowMajor(gradient, of: type, layer: operation.name)
        let mayOverwrite = mayOverwrite || rows.buffer != gradient.buffer
        let dy = try view(rows, as: [operation.outputShape.count])
        let dx = try denseBackward(operation, state, dy, mayOverwrite, wantsInput: wantsInput)
        return try dx.map { try view($0, as: operation.inputShapes[0]) }
    }

    // MARK: Flattening

    /// Row-major features of an image; the same memory where it is row-major already.
    func flatten(_ operation: Operation, _ input: Tensor) throws -> (output: Tensor, saved: Saved) {
        (
            try view(rowMajor(input, of: type, layer: operation.name), as: operation.outputShape),
            .flatten(input: input.layout)
        )
    }

    func flattenBackward(_ operation: Operation, _ input: MemoryDescriptor, _ gradient: Tensor) throws -> Tensor {
        let image = try view(gradient, as: operation.inputShapes[0])
        return try reorder(image, to: input, layer: operation.name)
    }
}
