import Basics
import CDNNL
import Execution
import Lowering
import Models
import OneDNN

/// What backward needs of an up-sampling's forward pass.
struct UpSamplingState {
    let primitive: Primitive
    let input: MemoryDescriptor
    let output: MemoryDescriptor
}

/// Pixels repeated, and pixels left out.
extension DNNLCompiler {
    func upSampling(
        _ operation: Operation, _ layer: UpSampling2D, _ input: Tensor
    ) throws -> (output: Tensor, saved: Saved) {
        let (name, shape) = (operation.name, operation.outputShape)
        let target = try MemoryDescriptor.any([samples, shape[2], shape[0], shape[1]], type)
        let primitive = try Primitive("an up-sampling", library, layer: name) {
            dnnl_resampling_forward_primitive_desc_create(
                &$0.made, $0.engine, propagation, dnnl_resampling_nearest, layer.factor.factors,
                $0.layout(input.layout), $0.layout(target), $0.attributes)
        }
        let y = activation(try primitive.required(dnnl_query_dst_md, layer: name))
        emit(primitive, layer: name, reads: [(DNNL_ARG_SRC, input)], writes: [(DNNL_ARG_DST, y)])
        return (y, .upSampling(UpSamplingState(primitive: primitive, input: input.layout, output: y.layout)))
    }

    /// Each pixel gets the sum over its repetitions.
    func upSamplingBackward(_ operation: Operation, _ state: UpSamplingState, _ gradient: Tensor) throws -> Tensor {
        let name = operation.name
        let dy = try reorder(gradient, to: state.output, layer: name)
        let primitive = try Primitive("an up-sampling's gradient", library, hint: state.primitive, layer: name) {
            dnnl_resampling_backward_primitive_desc_create(
                &$0.made, $0.engine, dnnl_resampling_nearest, nil, $0.layout(state.input), $0.layout(state.output),
                $0.hint, $0.attributes)
        }
        let dx = activation(state.input)
        emit(primitive, layer: name, reads: [(DNNL_ARG_DIFF_DST, dy)], writes: [(DNNL_ARG_DIFF_SRC, dx)])
        return dx
    }

    /// The pixels that stay are means of one; they go among zeros, as the first of the channels.
    func shortcut(
        _ operation: Operation, _ layer: IdentityShortcut, _ input: Tensor
    ) throws -> (output: Tensor, saved: Saved) {
        let window = Window2D(size: 1, stride: layer.stride, padding: .valid)
        let (kept, state) = try pooling(operation, .average, window, input)
        let y = activation(try .rowMajor(samples: samples, operation.outputShape, type))
        emitZeros(y)
        let own = Tensor(buffer: y.buffer, layout: try ownChannels(y.layout, operation))
        try emitReorder(kept, into: own, layer: operation.name)
        return (y, .shortcut(state))
    }

    func shortcutBackward(_ operation: Operation, _ state: PoolingState, _ gradient: Tensor) throws -> Tensor {
        let dy = try rowMajor(gradient, of: type, layer: operation.name)
        let own = Tensor(buffer: dy.buffer, layout: try ownChannels(dy.layout, operation))
        return try poolingBackward(operation, state, own, false)
    }

    func emitZeros(_ tensor: Tensor) {
        let byteCount = tensor.layout.byteCount
        builder.emit("fill", reads: [], writes: [tensor.buffer]) { memory in
            let bytes = memory[tensor.buffer]
            return { _ in bytes.initializeMemory(as: UInt8.self, repeating: 0, count: byteCount) }
        }
    }

    /// The channels of the output that are the input's.
    private func ownChannels(_ output: MemoryDescriptor, _ operation: Operation) throws -> MemoryDescriptor {
        let shape = operation.outputShape
        return try output.part([samples, operation.inputShapes[0][2], shape[0], shape[1]], at: [0, 0, 0, 0])
    }
}

extension Extent2D {
    fileprivate var factors: [Float] { [Float(height), Float(width)] }
}
