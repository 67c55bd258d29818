import Basics
import CConvolution
import CDNNL
import Execution
import Lowering
import Models
import OneDNN

/// What backward needs of the forward pass of a convolution with samples side by side.
struct FewChannelState {
    let shape: dptrain_few_channels
    let usesBias: Bool
    let input: Tensor
    /// In the arena.
    let kernel: Tensor
    let output: Tensor
}

/// Convolutions with samples side by side, in kernels of our own: see `SamplesSideBySide` for when.
extension DNNLCompiler {
    func fewChannelConvolution(
        _ operation: Operation, _ layer: Convolution2D, _ input: Tensor
    ) throws -> (output: Tensor, saved: Saved) {
        let name = operation.name
        let geometry = ConvolutionGeometry(operation, layer.window, samples: samples)
        let shape = dptrain_few_channels(geometry, lanes: library.lanes)
        let x = try reorder(input, to: sampleGroups(geometry.input), layer: name)
        let keras = try MemoryDescriptor(geometry.kernel, dnnl_hwio)
        let kernel = try parameter(operation.parameters[0], keras: keras, preferred: keras)
        let w = try readable(operation.parameters[0], kernel, as: keras, layer: name)
        let bias = layer.usesBias ? try vector(operation.parameters[1]) : nil
        var y = activation(try sampleGroups(geometry.output))
        y.isRectified = operation.activation == .relu
        emitFewChannels(
            shape, x.buffer, kernel: w.buffer, bias: bias?.buffer, rectifies: y.isRectified, into: y.buffer)
        if let function = ElementwiseFunction(operation.activation), !y.isRectified {
            try emitActivation(function, y, into: y, layer: name)
        }
        let state = FewChannelState(shape: shape, usesBias: layer.usesBias, input: x, kernel: kernel, output: y)
        return (y, .fewChannels(state))
    }

    func fewChannelBackward(
        _ operation: Operation, _ state: FewChannelState, _ gradient: Tensor, _ mayOverwrite: Bool, wantsInput: Bool
    ) throws -> Tensor? {
        let arrived = try reorder(gradient, to: state.output.layout, layer: operation.name)
        let mayOverwrite = mayOverwrite || arrived.buffer != gradient.buffer
        let dy = try fusedActivationBackward(operation, state.output, arrived, mayOverwrite)
        if changes(operation.parameters[0]) { try fewChannelWeightGradient(operation, state, dy) }
        return wantsInput ? try fewChannelInputGradient(operation, state, dy) : nil
    }

    private func fewChannelWeightGradient(_ operation: Operation, _ state: FewChannelState, _ dy: Tensor) throws {
        let arenaLayout = state.kernel.layout
        let keras = try MemoryDescriptor(arenaLayout.dimensions, dnnl_hwio)
        let bias = state.usesBias ? try vectorGradient(operation.parameters[1]).buffer : nil
        try toArena(operation.parameters[0], arenaLayout, keras, layer: operation.name) { target in
            emitFewChannelWeightGradient(
                state.shape, state.input.buffer, gradient: dy.buffer, into: target.buffer, bias: bias)
        }
    }

    private func fewChannelInputGradient(
        _ operation: Operation, _ state: FewChannelState, _ dy: Tensor
    ) throws -> Tensor {
        let keras = try MemoryDescriptor(state.kernel.layout.dimensions, dnnl_hwio)
        let w = try readable(operation.parameters[0], state.kernel, as: keras, layer: operation.name)
        let dx = activation(state.input.layout)
        emitFewChannelInputGradient(state.shape, gradient: dy.buffer, kernel: w.buffer, into: dx.buffer)
        return dx
    }
}

/// The kernels themselves, on buffers in their layouts.
extension DNNLCompiler {
    func emitFewChannels(
        _ shape: dptrain_few_channels, _ x: BufferID, kernel: BufferID, bias: BufferID?, rectifies: Bool,
        into y: BufferID
    ) {
        emit(
            partsOf: shape.output_channels,
            scratch: withUnsafePointer(to: shape, dptrain_few_channels_forward_scratch),
            reads: [x, kernel] + (bias.map { [$0] } ?? []), writes: [y]
        ) { memory in
            let (x, w, bias) = (memory.floats(x), memory.floats(kernel), bias.map { memory.floats($0) })
            let y = memory.floats(y)
            return { channels, scratch in
                withUnsafePointer(to: shape) {
                    dptrain_few_channels_forward($0, channels, x, w, bias, rectifies, y, scratch)
                }
            }
        }
    }

    func emitFewChannelWeightGradient(
        _ shape: dptrain_few_channels, _ x: BufferID, gradient dy: BufferID, into dw: BufferID, bias db: BufferID?
    ) {
        emit(
            partsOf: shape.output_channels,
            scratch: withUnsafePointer(to: shape, dptrain_few_channels_weight_gradient_scratch),
            reads: [x, dy], writes: [dw] + (db.map { [$0] } ?? [])
        ) { memory in
            let (x, dy, dw) = (memory.floats(x), memory.floats(dy), memory.floats(dw))
            let db = db.map { memory.floats($0) }
            return { channels, scratch in
                withUnsafePointer(to: shape) {
                    dptrain_few_channels_weight_gradient($0, channels, x, dy, dw, db, scratch)
                }
            }
        }
    }

    func emitFewChannelInputGradient(
        _ shape: dptrain_few_channels, gradient dy: BufferID, kernel: BufferID, into dx: BufferID
    ) {
        emit(
            partsOf: shape.input_channels,
            scratch: withUnsafePointer(to: shape, dptrain_few_channels_input_gradient_scratch), reads: [dy, kernel],
            writes: [dx]
        ) { memory in
            let (dy, w, dx) = (memory.floats(dy), memory.floats(kernel), memory.floats(dx))
            return { channels, scratch in
                withUnsafePointer(to: shape) { dptrain_few_channels_input_gradient($0, channels, dy, w, dx, scratch) }
            }
        }
    }
}

extension dptrain_few_channels {
    init(_ geometry: ConvolutionGeometry, lanes: Int) {
        self.init(
            lanes: lanes, groups: geometry.input[0].dividedRoundingUp(by: lanes), input_channels: geometry.input[1],
            input_height: geometry.input[2], input_width: geometry.input[3], output_channels: geometry.output[1],
            output_height: geometry.output[2], output_width: geometry.output[3], kernel_height: geometry.kernel[2],
            kernel_width: geometry.kernel[3], top: Int(geometry.paddingBefore[0]), left: Int(geometry.paddingBefore[1]))
    }
}
