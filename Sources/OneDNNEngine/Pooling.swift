import Basics
import CDNNL
import Execution
import Lowering
import Models
import OneDNN

/// What backward needs of a pooling's forward pass.
struct PoolingState {
    let primitive: Primitive
    let algorithm: dnnl_alg_kind_t
    let window: Window2D
    let input: Tensor
    let output: Tensor
    /// Where each maximum was; none for averages.
    let workspace: Tensor?
}

extension DNNLCompiler {
    /// A window of a pooling sees neighbouring pixels.
    private static var noGaps: [Int64] { [0, 0] }

    func pooling(
        _ operation: Operation, _ kind: Pooling2D.Kind, _ window: Window2D, _ input: Tensor
    ) throws -> (output: Tensor, state: PoolingState) {
        let name = operation.name
        let input = try blocksToPool(input, layer: name)
        let channels = operation.inputShapes[0][2]
        // What pools the whole image leaves a vector: one pixel.
        let pixels = operation.outputShape.rank == 3 ? Array(operation.outputShape.extents.dropLast()) : [1, 1]
        let algorithm = kind == .max ? dnnl_pooling_max : dnnl_pooling_avg_exclude_padding
        let target = try MemoryDescriptor.any([samples, channels] + pixels, type)
        let primitive = try Primitive("a pooling", library, layer: name) {
            dnnl_pooling_forward_primitive_desc_create(
                &$0.made, $0.engine, propagation, algorithm, $0.layout(input.layout), $0.layout(target),
                window.stride.dimensions, window.size.dimensions, Self.noGaps, operation.margins.before,
                operation.margins.after, $0.attributes)
        }
        let y = activation(try primitive.required(dnnl_query_dst_md, layer: name))
        var writes = [(DNNL_ARG_DST, y)]
        let workspace = workspace(of: primitive)
        if let workspace { writes.append((DNNL_ARG_WORKSPACE, workspace)) }
        emit(primitive, layer: name, reads: [(DNNL_ARG_SRC, input)], writes: writes)
        let state = PoolingState(
            primitive: primitive, algorithm: algorithm, window: window, input: input, output: y, workspace: workspace)
        return (y, state)
    }

    /// The mean over the whole image: a vector, or an image of one pixel where the layer keeps the axes.
    func globalAveragePooling(_ operation: Operation, _ input: Tensor) throws -> (output: Tensor, saved: Saved) {
        let shape = operation.inputShapes[0]
        let all = Extent2D(height: shape[0], width: shape[1])
        let (y, state) = try pooling(operation, .average, Window2D(size: all, stride: all, padding: .valid), input)
        if operation.outputShape.rank == 3 { return (y, .pooling(state)) }
        return (try view(rowMajor(y, of: type, layer: operation.name), as: operation.outputShape), .pooling(state))
    }

    /// The maximum of rectified values is zero where all of them were cut off. So ReLU's backward may come before that of
    /// the pooling, on fewer values, and the larger result of the ReLU need not be kept.
    func poolingBackward(
        _ operation: Operation, _ state: PoolingState, _ gradient: Tensor, _ mayOverwrite: Bool
    ) throws -> Tensor {
        let name = operation.name
        let isRectified = state.algorithm == dnnl_pooling_max && state.input.isRectified
        var dy = try reorder(try asImage(gradient), to: state.output.layout, layer: name)
        if isRectified, let relu = ElementwiseFunction(.relu) {
            let mayOverwrite = mayOverwrite || dy.buffer != gradient.buffer
            dy = try activationBackward(operation, relu, state.output, dy, mayOverwrite)
        }
        let primitive = try Primitive("a pooling's gradient", library, hint: state.primitive, layer: name) {
            dnnl_pooling_backward_primitive_desc_create(
                &$0.made, $0.engine, state.algorithm, $0.layout(state.input.layout), $0.layout(state.output.layout),
                state.window.stride.dimensions, state.window.size.dimensions, Self.noGaps, operation.margins.before,
                operation.margins.after, $0.hint, $0.attributes)
        }
        var dx = activation(state.input.layout)
        dx.isRectified = isRectified
        var reads = [(DNNL_ARG_DIFF_DST, dy)]
        if let workspace = state.workspace { reads.append((DNNL_ARG_WORKSPACE, workspace)) }
        emit(primitive, layer: name, reads: reads, writes: [(DNNL_ARG_DIFF_SRC, dx)])
        return dx
    }

    /// What a training primitive leaves for its backward, beyond results.
    func workspace(of primitive: Primitive) -> Tensor? {
        guard builder.isTraining, let layout = primitive.layout(dnnl_query_workspace_md) else { return nil }
        return Tensor(buffer: builder.activation(bytes: layout.byteCount, of: .other), layout: layout)
    }

    /// A vector as an image of one pixel: the same memory.
    func asImage(_ tensor: Tensor) throws -> Tensor {
        let dimensions = tensor.layout.dimensions
        guard dimensions.count == 2 else { return tensor }
        return try view(tensor, as: [1, 1, dimensions[1]])
    }
}

extension Extent2D {
    fileprivate var dimensions: [Int64] { [Int64(height), Int64(width)] }
}
