import CDNNL
import Execution
import Lowering
import OneDNN

/// What convolutions and transposed convolutions emit alike: oneDNN's primitives for both take the same arguments.
extension DNNLCompiler {
    /// `master` is the primitive in single precision: the parameter lies in the arena as it prefers. `keras` is the kernel as
    /// Keras has it. `all` takes the images of all shards.
    func emitForward(
        _ operation: Operation, _ primitive: Primitive, master: Primitive, _ input: Tensor, keras: MemoryDescriptor,
        usesBias: Bool, forAllShards all: Primitive? = nil
    ) throws -> ConvolutionOperands {
        let name = operation.name
        let x = try reorder(input, to: primitive.required(dnnl_query_src_md, layer: name), layer: name)
        let kernel = try parameter(
            operation.parameters[0], keras: keras, preferred: master.required(dnnl_query_weights_md, layer: name))
        let w = try readable(
            operation.parameters[0], kernel, as: primitive.required(dnnl_query_weights_md, layer: name), layer: name)
        let y = activation(try primitive.required(dnnl_query_dst_md, layer: name))
        let bias = usesBias ? [(DNNL_ARG_BIAS, try vector(operation.parameters[1]))] : []
        try emit(
            primitive, layer: name, from: (DNNL_ARG_SRC, x, dnnl_query_src_md), with: [(DNNL_ARG_WEIGHTS, w)] + bias,
            to: (DNNL_ARG_DST, y, dnnl_query_dst_md), forAllShards: lieSideBySide(x, y) ? all : nil)
        return ConvolutionOperands(input: x, kernel: kernel, output: y)
    }

    /// Of kernel and bias.
    func emitWeightGradient(
        _ operation: Operation, _ primitive: Primitive, _ operands: ConvolutionOperands, _ gradient: Tensor,
        usesBias: Bool
    ) throws {
        let name = operation.name
        let x = try reorder(operands.input, to: primitive.required(dnnl_query_src_md, layer: name), layer: name)
        let dy = try reorder(gradient, to: primitive.required(dnnl_query_diff_dst_md, layer: name), layer: name)
        let biasGradient = usesBias ? [(DNNL_ARG_DIFF_BIAS, try vectorGradient(operation.parameters[1]))] : []
        try emitWeightGradient(
            primitive, operation.parameters[0], arenaLayout: operands.kernel.layout, layer: name,
            reads: [(DNNL_ARG_SRC, x), (DNNL_ARG_DIFF_DST, dy)], alsoWrites: biasGradient)
    }

    func emitInputGradient(
        _ operation: Operation, _ primitive: Primitive, _ operands: ConvolutionOperands, _ gradient: Tensor,
        forAllShards all: Primitive? = nil
    ) throws -> Tensor {
        let name = operation.name
        let w = try readable(
            operation.parameters[0], operands.kernel, as: primitive.required(dnnl_query_weights_md, layer: name),
            layer: name)
        let dy = try reorder(gradient, to: primitive.required(dnnl_query_diff_dst_md, layer: name), layer: name)
        let dx = activation(try primitive.required(dnnl_query_diff_src_md, layer: name))
        try emit(
            primitive, layer: name, from: (DNNL_ARG_DIFF_DST, dy, dnnl_query_diff_dst_md),
            with: [(DNNL_ARG_WEIGHTS, w)], to: (DNNL_ARG_DIFF_SRC, dx, dnnl_query_diff_src_md),
            forAllShards: lieSideBySide(dy, dx) ? all : nil)
        return dx
    }
}
