import CConvolution
import CDNNL
import Execution
import Lowering
import Models
import OneDNN

/// What backward needs of the forward pass of a convolution in narrow groups.
struct GroupedState {
    let shape: dptrain_grouped
    let input: Tensor
    let kernel: BufferID
    let output: MemoryDescriptor
    let usesBias: Bool
}

/// Convolutions in groups that are narrower than a register, depthwise ones among them, in kernels of our own. oneDNN 2.6 has none
/// for weights' gradients of depthwise windows above 3x3, its gradients of strided windows' inputs leave most of the processor idle,
/// and it computes groups of four channels with a quarter of a register (docs/benchmarks.md).
extension DNNLCompiler {
    /// Whether each group has as many filters as channels, and groups are single channels or fill registers evenly.
    func hasNarrowGroups(_ layer: Convolution2D, _ operation: Operation) -> Bool {
        let channels = operation.inputShapes[0][2]
        guard layer.groups > 1, layer.filters == channels, operation.activation == .linear, library.lanes > 0 else {
            return false
        }
        let group = channels / layer.groups
        return group == 1 || ([2, 4, 8].contains(group) && group < library.lanes && channels % library.lanes == 0)
    }

    func groupedConvolution(
        _ operation: Operation, _ window: Window2D, groups: Int, usesBias: Bool, _ input: Tensor
    ) throws -> (output: Tensor, saved: Saved) {
        let geometry = ConvolutionGeometry(operation, window, groups: groups, samples: samples)
        let shape = dptrain_grouped(geometry, lanes: library.lanes, isBF16: type == dnnl_bf16)
        let x = try reorder(input, to: channelBlocks(geometry.input), layer: operation.name)
        let kernel =
            shape.group > 1
            ? builder.plainParameter(operation.parameters[0])
            : try parameter(
                operation.parameters[0], keras: geometry.kerasKernel(),
                preferred: MemoryDescriptor(geometry.weights, library.lanes == 16 ? dnnl_Goihw16g : dnnl_Goihw8g)
            ).buffer
        let bias = usesBias ? builder.plainParameter(operation.parameters[1]) : nil
        let y = activation(try channelBlocks(geometry.output))
        emit(
            partsOf: shape.blocks, scratch: withUnsafePointer(to: shape, dptrain_grouped_scratch),
            reads: [x.buffer, kernel] + (bias.map { [$0] } ?? []), writes: [y.buffer]
        ) { memory in
            let (x, kernel, y) = (memory[x.buffer], memory.floats(kernel), memory[y.buffer])
            let bias = bias.map { memory.floats($0) }
            return { blocks, scratch in
                withUnsafePointer(to: shape) { dptrain_grouped_forward($0, blocks, x, kernel, bias, y, scratch) }
            }
        }
        let state = GroupedState(
            shape: shape, input: x, kernel: kernel, output: y.layout, usesBias: usesBias)
        return (y, .grouped(state))
    }

    func groupedBackward(
        _ operation: Operation, _ state: GroupedState, _ gradient: Tensor, wantsInput: Bool
    ) throws -> Tensor? {
        let dy = try reorder(gradient, to: state.output, layer: operation.name)
        if changes(operation.parameters[0]) { try groupedWeightGradient(operation, state, dy) }
        guard wantsInput else { return nil }
        let (shape, kernel, dx) = (state.shape, state.kernel, activation(state.input.layout))
        emit(
            partsOf: shape.blocks, scratch: withUnsafePointer(to: shape, dptrain_grouped_scratch),
            reads: [dy.buffer, kernel], writes: [dx.buffer]
        ) { memory in
            let (dy, kernel, dx) = (memory[dy.buffer], memory.floats(kernel), memory[dx.buffer])
            return { blocks, scratch in
                withUnsafePointer(to: shape) { dptrain_grouped_input_gradient($0, blocks, dy, kernel, dx, scratch) }
            }
        }
        return dx
    }

    private func groupedWeightGradient(
        _ operation: Operation, _ state: GroupedState, _ dy: Tensor
    ) throws {
        let (shape, x) = (state.shape, try remadeValues.keptOrRemade(state.input))
        let dw = builder.gradient(of: operation.parameters[0])
        let db = state.usesBias ? builder.gradient(of: operation.parameters[1]) : nil
        emit(
            partsOf: shape.blocks, scratch: withUnsafePointer(to: shape, dptrain_grouped_scratch),
            reads: [x.buffer, dy.buffer], writes: [dw] + (db.map { [$0] } ?? [])
        ) { memory in
            let (x, dy, dw) = (memory[x.buffer], memory[dy.buffer], memory.floats(dw))
            let db = db.map { memory.floats($0) }
            return { blocks, scratch in
                withUnsafePointer(to: shape) { dptrain_grouped_weight_gradient($0, blocks, x, dy, dw, db, scratch) }
            }
        }
    }
}

extension dptrain_grouped {
    fileprivate init(_ geometry: ConvolutionGeometry, lanes: Int, isBF16: Bool) {
        self.init(
            samples: geometry.input[0], lanes: lanes, blocks: geometry.input[1].dividedRoundingUp(by: lanes),
            group: geometry.input[1] / geometry.groups,
            input_height: geometry.input[2], input_width: geometry.input[3], output_height: geometry.output[2],
            output_width: geometry.output[3], kernel_height: geometry.kernel[2], kernel_width: geometry.kernel[3],
            stride_height: Int(geometry.strides[0]), stride_width: Int(geometry.strides[1]),
            step_height: Int(geometry.gaps[0]) + 1, step_width: Int(geometry.gaps[1]) + 1,
            padding_top: Int(geometry.paddingBefore[0]), padding_left: Int(geometry.paddingBefore[1]),
            bf16_images: isBF16)
    }
}
