import CConvolution
import CDNNL
import Execution
import Lowering
import Models

/// What backward needs of a depthwise convolution's forward pass.
struct DepthwiseState {
    let shape: dptrain_depthwise
    let input: Tensor
    let kernel: BufferID
    let output: MemoryDescriptor
    let usesBias: Bool
}

/// Depthwise convolutions in kernels of our own. oneDNN 2.6 has none for weights' gradients of windows above 3x3, and its
/// gradients of strided windows' inputs leave most of the processor idle (docs/benchmarks.md).
extension DNNLCompiler {
    /// Whether a convolution in groups has one channel and one filter in each, so that its kernel is a depthwise one in memory.
    func isDepthwise(_ layer: Convolution2D, _ operation: Operation) -> Bool {
        let channels = operation.inputShapes[0][2]
        return layer.groups == channels && layer.filters == channels && channels > 1
            && operation.activation == .linear && library.lanes > 0
    }

    func depthwiseConvolution(
        _ operation: Operation, _ window: Window2D, usesBias: Bool, _ input: Tensor
    ) throws -> (output: Tensor, saved: Saved) {
        let geometry = ConvolutionGeometry(operation, window, groups: operation.inputShapes[0][2], samples: samples)
        let shape = dptrain_depthwise(geometry, lanes: library.lanes, isBF16: type == dnnl_bf16)
        let x = try reorder(input, to: channelBlocks(geometry.input), layer: operation.name)
        let kernel = try parameter(
            operation.parameters[0], keras: geometry.kerasKernel(),
            preferred: MemoryDescriptor(geometry.weights, library.lanes == 16 ? dnnl_Goihw16g : dnnl_Goihw8g)
        ).buffer
        let bias = usesBias ? builder.plainParameter(operation.parameters[1]) : nil
        let y = activation(try channelBlocks(geometry.output))
        let scratch = builder.scratch(floats: withUnsafePointer(to: shape, dptrain_depthwise_scratch))
        builder.emit(reads: [x.buffer, kernel] + (bias.map { [$0] } ?? []), writes: [y.buffer, scratch]) { memory in
            let (x, kernel, y) = (memory[x.buffer], memory.floats(kernel), memory[y.buffer])
            let (bias, scratch) = (bias.map { memory.floats($0) }, memory.floats(scratch))
            return { _ in
                withUnsafePointer(to: shape) { dptrain_depthwise_forward($0, x, kernel, bias, y, scratch) }
            }
        }
        let state = DepthwiseState(
            shape: shape, input: x, kernel: kernel, output: y.layout, usesBias: usesBias)
        return (y, .depthwise(state))
    }

    func depthwiseBackward(
        _ operation: Operation, _ state: DepthwiseState, _ gradient: Tensor, wantsInput: Bool
    ) throws -> Tensor? {
        let dy = try reorder(gradient, to: state.output, layer: operation.name)
        if changes(operation.parameters[0]) { try depthwiseWeightGradient(operation, state, dy) }
        guard wantsInput else { return nil }
        let (shape, kernel, dx) = (state.shape, state.kernel, activation(state.input.layout))
        let scratch = builder.scratch(floats: withUnsafePointer(to: shape, dptrain_depthwise_scratch))
        builder.emit(reads: [dy.buffer, kernel], writes: [dx.buffer, scratch]) { memory in
            let (dy, kernel, dx) = (memory[dy.buffer], memory.floats(kernel), memory[dx.buffer])
            let scratch = memory.floats(scratch)
            return { _ in
                withUnsafePointer(to: shape) { dptrain_depthwise_input_gradient($0, dy, kernel, dx, scratch) }
            }
        }
        return dx
    }

    private func depthwiseWeightGradient(
        _ operation: Operation, _ state: DepthwiseState, _ dy: Tensor
    ) throws {
        let (shape, x) = (state.shape, try remadeValues.keptOrRemade(state.input))
        let dw = builder.gradient(of: operation.parameters[0])
        let db = state.usesBias ? builder.gradient(of: operation.parameters[1]) : nil
        let scratch = builder.scratch(floats: withUnsafePointer(to: shape, dptrain_depthwise_scratch))
        builder.emit(reads: [x.buffer, dy.buffer], writes: [dw, scratch] + (db.map { [$0] } ?? [])) { memory in
            let (x, dy, dw) = (memory[x.buffer], memory[dy.buffer], memory.floats(dw))
            let (db, scratch) = (db.map { memory.floats($0) }, memory.floats(scratch))
            return { _ in
                withUnsafePointer(to: shape) { dptrain_depthwise_weight_gradient($0, x, dy, dw, db, scratch) }
            }
        }
    }
}

extension dptrain_depthwise {
    fileprivate init(_ geometry: ConvolutionGeometry, lanes: Int, isBF16: Bool) {
        self.init(
            samples: geometry.input[0], lanes: lanes, blocks: geometry.input[1].dividedRoundingUp(by: lanes),
            input_height: geometry.input[2], input_width: geometry.input[3], output_height: geometry.output[2],
            output_width: geometry.output[3], kernel_height: geometry.kernel[2], kernel_width: geometry.kernel[3],
            stride_height: Int(geometry.strides[0]), stride_width: Int(geometry.strides[1]),
            step_height: Int(geometry.gaps[0]) + 1, step_width: Int(geometry.gaps[1]) + 1,
            padding_top: Int(geometry.paddingBefore[0]), padding_left: Int(geometry.paddingBefore[1]),
            bf16_images: isBF16)
    }
}
