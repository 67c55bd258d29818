import Basics
import CConvolution
import CDNNL
import Execution
import Lowering
import Models
import OneDNN

/// Emits primitives for operations. Each family of layers has a file of its own that extends this.
struct DNNLCompiler: LayerCompiler {
    let builder: PlanBuilder
    let library: Library
    /// Of activations, their gradients, and weights as primitives read them.
    let type: dnnl_data_type_t
    /// The convolutions that run with samples side by side.
    let sideBySide: SamplesSideBySide
    let remadeValues: RemadeValues
    let activatedNormalizations: ActivatedNormalizations

    var samples: Int { builder.samples }
    var propagation: dnnl_prop_kind_t { builder.isTraining ? dnnl_forward_training : dnnl_forward_inference }

    // MARK: Tensors

    func tensor(_ buffer: BufferID, _ shape: Shape) throws -> Tensor {
        Tensor(buffer: buffer, layout: try .rowMajor(samples: samples, shape))
    }

    func buffer(of tensor: Tensor) -> BufferID { tensor.buffer }

    func plain(_ tensor: Tensor) throws -> BufferID { try rowMajor(tensor, of: dnnl_f32, layer: "output").buffer }

    /// The same values row-major, as elements of the type.
    func rowMajor(_ tensor: Tensor, of type: dnnl_data_type_t, layer: String) throws -> Tensor {
        let dimensions = tensor.layout.dimensions
        let shape: Shape = dimensions.count == 4 ? [dimensions[2], dimensions[3], dimensions[1]] : [dimensions[1]]
        return try reorder(tensor, to: .rowMajor(samples: samples, shape, type), layer: layer)
    }

    /// The memory of a row-major tensor as another shape of as many elements.
    func view(_ tensor: Tensor, as shape: Shape) throws -> Tensor {
        Tensor(buffer: tensor.buffer, layout: try .rowMajor(samples: samples, shape, tensor.layout.type))
    }

    /// The tensor as layers compute with it. The planner's own values are single precision.
    private func converted(_ tensor: Tensor, layer: String) throws -> Tensor {
        try reorder(tensor, to: tensor.layout.of(type), layer: layer)
    }

    /// A new activation in the given layout.
    func activation(_ layout: MemoryDescriptor) -> Tensor {
        let contents = layout.type == dnnl_f32 ? BufferContents.floats : .bfloat16
        return Tensor(buffer: builder.activation(bytes: layout.byteCount, of: contents), layout: layout)
    }

    func scratch(_ layout: MemoryDescriptor) -> Tensor {
        Tensor(buffer: builder.scratch(bytes: layout.byteCount), layout: layout)
    }

    /// The tensor itself where it has the layout already, else a reordered copy.
    func reorder(_ tensor: Tensor, to layout: MemoryDescriptor, layer: String) throws -> Tensor {
        if tensor.layout == layout { return tensor }
        let result = activation(layout)
        try emitReorder(tensor, into: result, layer: layer)
        return result
    }

    func emitReorder(_ source: Tensor, into target: Tensor, isCopy: Bool = false, layer: String) throws {
        let primitive = try Primitive(reorderFrom: source.layout, to: target.layout, library, layer: layer)
        emit(
            primitive, "reorder", layer: layer, isCopy: isCopy, reads: [(DNNL_ARG_FROM, source)],
            writes: [(DNNL_ARG_TO, target)])
    }

    // MARK: Parameters

    /// A parameter in the arena, in `preferred` layout unless the arena has it in another.
    func parameter(_ index: Int, keras: MemoryDescriptor, preferred: MemoryDescriptor) throws -> Tensor {
        let format = BlockedFormat(keras: keras, blocked: preferred, library: library)
        let (buffer, chosen) = builder.parameter(index, preferring: format)
        guard let chosen = chosen as? BlockedFormat else {
            throw failure("lay out a parameter", "the arena was laid out by another engine")
        }
        return Tensor(buffer: buffer, layout: chosen.blocked)
    }

    /// The parameter `kernel` as a primitive reads it: itself, or a copy in that layout and type.
    func readable(
        _ parameter: Int, _ kernel: Tensor, as layout: MemoryDescriptor, layer: String
    ) throws -> Tensor {
        if kernel.layout == layout { return kernel }
        let copy = try builder.weightCopy(of: parameter, in: layout, bytes: layout.byteCount) { copy in
            try emitReorder(kernel, into: Tensor(buffer: copy, layout: layout), layer: layer)
        }
        return Tensor(buffer: copy, layout: layout)
    }

    func vector(_ index: Int) throws -> Tensor {
        let count = builder.network.parameters[index].specification.shape.count
        return Tensor(buffer: builder.plainParameter(index), layout: try .vector(count))
    }

    func vectorGradient(_ index: Int) throws -> Tensor {
        let count = builder.network.parameters[index].specification.shape.count
        return Tensor(buffer: builder.gradient(of: index), layout: try .vector(count))
    }

    // MARK: Kernels

    /// Adds a primitive to the plan, with scratch memory if it wants any. Of copies from or into a part of a tensor the
    /// library has no generated code; they are limited by memory, and not worth a remark.
    func emit(
        _ primitive: Primitive, _ detail: String? = nil, layer: String, isCopy: Bool = false,
        reads: [(Int32, Tensor)], writes: [(Int32, Tensor)],
        forAllShards: ForAllShards? = nil
    ) {
        var arguments = reads + writes
        var written = writes.map(\.1.buffer)
        if let layout = primitive.layout(dnnl_query_scratchpad_md) {
            let scratch = scratch(layout)
            arguments.append((DNNL_ARG_SCRATCHPAD, scratch))
            written.append(scratch.buffer)
        }
        if let scratch = forAllShards?.scratch { written.append(scratch) }
        if !isCopy, primitive.isReference {
            builder.remark(
                "\(detail ?? "primitive") runs oneDNN's reference implementation (\(primitive.implementation))")
        }
        let library = library
        builder.emit(
            detail, reads: reads.map(\.1.buffer), writes: written,
            bind: { memory in
                let invocation = try Invocation(
                    primitive, library, layer: layer, arguments.map { ($0.0, $0.1.layout, memory[$0.1.buffer]) })
                return { _ in try invocation.run() }
            }, forAllShards: forAllShards?.bind)
    }

    // MARK: Operations

    enum Saved {
        case convolution(ConvolutionState)
        case fewChannels(FewChannelState)
        case partialConvolution(PartialConvolutionState)
        case grouped(GroupedState)
        case transposedConvolution(TransposedConvolutionState)
        case coveringConvolution(DenseState)
        case dense(DenseState)
        case zeroPadding(input: MemoryDescriptor)
        case pooling(PoolingState)
        case lanePooling(LanePoolingState)
        case subsampling(SubsamplingState)
        case batchNormalization(BatchNormalizationState)
        case activatedNormalization(ActivatedNormalizationState)
        case functionOfInput(ActivationState)
        case scaledChannels(ScaledChannelsState)
        case weighedChannels(WeighedChannelsState)
        case featureNormalization(FeatureNormalizationState)
        case attentionWeights(AttentionWeightsState)
        case attentionSum(AttentionSumState)
        case activation(output: Tensor, function: ElementwiseFunction)
        case scaledTanh(output: Tensor)
        case add(output: Tensor, function: ElementwiseFunction?)
        case scale(Scale, output: Tensor, function: ElementwiseFunction?)
        case concatenation(ConcatenationState)
        case responseNormalization(ResponseNormalizationState)
        case upSampling(UpSamplingState)
        case shortcut(PoolingState)
        case flatten(input: MemoryDescriptor)
        /// The operation before it has done what it does.
        case done
        case nothing

        /// Whether the layer takes gradients of either type.
        var takesEitherType: Bool {
            switch self {
            case .partialConvolution, .subsampling, .scaledTanh, .functionOfInput, .attentionWeights, .attentionSum:
                true
            default: false
            }
        }
    }

    func replacesPlainLayer(_ operation: Operation) -> Bool {
        switch operation.layer {
        case .subsampling, .partialConvolution: library.lanes > 0
        case .convolution: true
        case .activation(let layer) where layer.function == .scaledTanh: library.lanes > 0
        case .plain(let layer as DepthwiseConvolution2D): layer.multiplier == 1 && library.lanes > 0
        case .plain(is TransposedConvolution2D): true
        case .plain(let layer as GlobalPooling2D): layer.kind == .average && layer.keepsAxes
        case .plain(let layer as FeatureNormalization): normalizesPixels(layer, operation)
        case .plain(let layer as AttentionWeights): layer.mask == AttentionMask() && library.lanes > 0
        case .plain(is AttentionSum): library.lanes > 0
        case .plain(is Merge): imagesScaledByChannel(operation) != nil
        case .plain(is ChannelScale): operation.outputShape.rank == 3 && library.lanes > 0
        case let layer: dptrain_activation(layer) != nil && library.lanes > 0
        }
    }

    func forward(_ operation: Operation, _ inputs: [Tensor]) throws -> (output: Tensor, saved: Saved) {
        var asItIs: Tensor { get throws { try converted(inputs[0], layer: operation.name) } }
        func channelsSideBySide(_ tensor: Tensor) throws -> Tensor {
            try self.channelsSideBySide(converted(tensor, layer: operation.name), layer: operation.name)
        }
        var input: Tensor { get throws { try channelsSideBySide(inputs[0]) } }
        if activatedNormalizations.contains(operation) { return (inputs[0], .done) }
        switch operation.layer {
        case .input: return (inputs[0], .nothing)
        case .convolution(let layer) where sideBySide.contains(operation):
            return try fewChannelConvolution(operation, layer, inputs[0])
        case .convolution where coversImage(operation): return try coveringConvolution(operation, inputs[0])
        case .convolution(let layer) where hasNarrowGroups(layer, operation):
            return try groupedConvolution(
                operation, layer.window, groups: layer.groups, usesBias: layer.usesBias, inputs[0])
        // Converts its input together with the change of layout.
        case .convolution(let layer): return try convolution(operation, layer, inputs[0])
        case .zeroPadding: return try zeroPadding(operation, inputs[0])
        case .dense: return try dense(operation, input)
        case .pooling(let layer):
            if suitsLanes(layer, inputs[0]) { return try lanePooling(operation, layer, inputs[0]) }
            let (y, state) = try pooling(operation, layer.kind, layer.window, input)
            return (y, .pooling(state))
        case .globalAveragePooling: return try globalAveragePooling(operation, input)
        case .batchNormalization(let layer):
            if let function = activatedNormalizations.function(of: operation) {
                return try activatedNormalization(operation, layer, function, asItIs)
            }
            return try batchNormalization(operation, layer, input)
        case .subsampling(let layer): return try subsampling(operation, layer, inputs[0])
        case .partialConvolution(let layer): return try partialConvolution(operation, layer, inputs[0])
        case .activation(let layer) where layer.function == .scaledTanh: return try scaledTanh(operation, inputs[0])
        case .activation(let layer):
            if let function = dptrain_activation(operation.layer) {
                return activation(operation, function, inputs[0])
            }
            return try activation(operation, layer.function, asItIs)
        case .add: return try add(operation, inputs.map(channelsSideBySide))
        case .scale(let layer):
            return try scale(operation, layer, inputs.map(channelsSideBySide))
        case .concatenate:
            return try concatenation(operation, inputs.map(channelsSideBySide))
        case .localResponseNormalization(let layer): return try responseNormalization(operation, layer, input)
        case .upSampling(let layer): return try upSampling(operation, layer, input)
        case .identityShortcut(let layer): return try shortcut(operation, layer, input)
        case .flatten: return try flatten(operation, asItIs)
        case .plain(let layer as DepthwiseConvolution2D):
            return try groupedConvolution(
                operation, layer.window, groups: operation.inputShapes[0][2], usesBias: layer.usesBias, inputs[0])
        case .plain(let layer as TransposedConvolution2D):
            return try transposedConvolution(operation, layer, inputs[0])
        case .plain(let layer as FeatureNormalization):
            return try featureNormalization(operation, layer, asItIs)
        case .plain(let layer as AttentionWeights): return try attentionWeights(operation, layer, inputs)
        case .plain(is AttentionSum): return try attentionSum(operation, inputs)
        case .plain(is ChannelScale): return try weighedChannels(operation, asItIs)
        case .plain(is GlobalPooling2D): return try globalAveragePooling(operation, input)
        case .plain, .dropout:
            if let function = dptrain_activation(operation.layer) {
                return activation(operation, function, inputs[0])
            }
            if let place = imagesScaledByChannel(operation) {
                return try scaledChannels(operation, inputs, images: place)
            }
            throw failure("compile", "this operation is the planner's own", layer: operation.name)
        }
    }

    func backward(
        _ operation: Operation, _ saved: Saved, gradient: Tensor, mayOverwrite: Bool, wanted: [Bool]
    ) throws -> [Tensor?] {
        let arrived = gradient
        let gradient = saved.takesEitherType ? arrived : try converted(arrived, layer: operation.name)
        let mayOverwrite = mayOverwrite || gradient.buffer != arrived.buffer
        switch saved {
        case .convolution(let state):
            return [try convolutionBackward(operation, state, gradient, mayOverwrite, wantsInput: wanted[0])]
        case .fewChannels(let state):
            return [try fewChannelBackward(operation, state, gradient, mayOverwrite, wantsInput: wanted[0])]
        case .partialConvolution(let state):
            return [try partialConvolutionBackward(operation, state, gradient, wantsInput: wanted[0])]
        case .grouped(let state):
            return [try groupedBackward(operation, state, gradient, wantsInput: wanted[0])]
        case .transposedConvolution(let state):
            return [try transposedConvolutionBackward(operation, state, gradient, wantsInput: wanted[0])]
        case .coveringConvolution(let state):
            return [try coveringConvolutionBackward(operation, state, gradient, mayOverwrite, wantsInput: wanted[0])]
        case .dense(let state):
            return [try denseBackward(operation, state, gradient, mayOverwrite, wantsInput: wanted[0])]
        case .zeroPadding(let input): return [wanted[0] ? try zeroPaddingBackward(operation, input, gradient) : nil]
        case .pooling(let state):
            return [wanted[0] ? try poolingBackward(operation, state, gradient, mayOverwrite) : nil]
        case .lanePooling(let state):
            return [wanted[0] ? try lanePoolingBackward(operation, state, gradient, mayOverwrite) : nil]
        case .subsampling(let state):
            return [try subsamplingBackward(operation, state, gradient, wantsInput: wanted[0])]
        case .batchNormalization(let state):
            return [try batchNormalizationBackward(operation, state, gradient, mayOverwrite, wantsInput: wanted[0])]
        case .activatedNormalization(let state):
            return [try activatedNormalizationBackward(operation, state, gradient)]
        case .functionOfInput(let state):
            return [wanted[0] ? try activationBackward(operation, state, gradient, mayOverwrite) : nil]
        case .scaledChannels(let state):
            return try scaledChannelsBackward(operation, state, gradient, wanted: wanted)
        case .weighedChannels(let state):
            return [try weighedChannelsBackward(operation, state, gradient, wantsInput: wanted[0])]
        case .featureNormalization(let state):
            return [try featureNormalizationBackward(operation, state, gradient)]
        case .attentionWeights(let state):
            return try attentionWeightsBackward(operation, state, gradient, wanted: wanted)
        case .attentionSum(let state):
            return try attentionSumBackward(operation, state, gradient, wanted: wanted)
        case .done: return [gradient]
        case .activation(let output, let function):
            return [wanted[0] ? try activationBackward(operation, function, output, gradient, mayOverwrite) : nil]
        case .scaledTanh(let output):
            return [wanted[0] ? try scaledTanhBackward(operation, output, gradient, mayOverwrite) : nil]
        case .add(let output, let function):
            let gradient =
                try function.map { try activationBackward(operation, $0, output, gradient, mayOverwrite) } ?? gradient
            return wanted.map { $0 ? gradient : nil }
        case .scale(let layer, let output, let function):
            let gradient =
                try function.map { try activationBackward(operation, $0, output, gradient, mayOverwrite) } ?? gradient
            return try scaleBackward(operation, layer, gradient, wanted: wanted)
        case .concatenation(let state):
            return try concatenationBackward(operation, state, gradient, wanted: wanted)
        case .responseNormalization(let state):
            return [wanted[0] ? try responseNormalizationBackward(operation, state, gradient) : nil]
        case .upSampling(let state): return [wanted[0] ? try upSamplingBackward(operation, state, gradient) : nil]
        case .shortcut(let state): return [wanted[0] ? try shortcutBackward(operation, state, gradient) : nil]
        case .flatten(let input): return [try flattenBackward(operation, input, gradient)]
        case .nothing: return wanted.map { _ in nil }
        }
    }
}
