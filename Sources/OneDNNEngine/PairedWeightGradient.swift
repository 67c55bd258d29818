import CConvolution
import CDNNL
import Execution
import Models

/// Weight gradients of wide convolutions in bf16, in kernels of our own: oneDNN 2.6 leaves a third of the processor unused.
extension DNNLCompiler {
    /// A function of shapes and processor alone, so all ranks agree. docs/benchmarks.md has the measurements behind it.
    func pairsPixels(_ geometry: ConvolutionGeometry) -> Bool {
        let (outputs, inputs) = (geometry.kernel[0], geometry.kernel[1])
        return type == dnnl_bf16 && library.hasOwnKernels && outputs % 16 == 0 && inputs % 16 == 0
            && min(outputs, inputs) >= 48 && outputs * inputs > 64 * 64
    }

    func pairedWeightGradient(
        _ operation: Operation, _ state: ConvolutionState, _ geometry: ConvolutionGeometry, _ gradient: Tensor
    ) throws {
        let name = operation.name
        let x = try reorder(
            state.operands.input, to: MemoryDescriptor(geometry.input, dnnl_nChw16c, dnnl_bf16), layer: name)
        let dy = try reorder(gradient, to: MemoryDescriptor(geometry.output, dnnl_nChw16c, dnnl_bf16), layer: name)
        let bias = state.layer.usesBias ? try vectorGradient(operation.parameters[1]).buffer : nil
        let shape = dptrain_convolution(geometry)
        let scratch = builder.scratch(bytes: withUnsafePointer(to: shape, dptrain_bf16_weight_gradient_scratch))
        let blocked = try MemoryDescriptor(geometry.kernel, dnnl_OIhw16i16o)
        try toArena(operation.parameters[0], state.operands.kernel.layout, blocked, layer: name) { target in
            let writes = [target.buffer, scratch] + (bias.map { [$0] } ?? [])
            builder.emit(reads: [x.buffer, dy.buffer], writes: writes) { memory in
                let (x, dy) = (
                    memory[x.buffer].assumingMemoryBound(to: UInt16.self),
                    memory[dy.buffer].assumingMemoryBound(to: UInt16.self)
                )
                let (dw, db) = (memory.floats(target.buffer), bias.map { memory.floats($0) })
                let scratch = memory[scratch]
                return { _ in
                    withUnsafePointer(to: shape) { dptrain_bf16_weight_gradient($0, x, dy, dw, db, scratch) }
                }
            }
        }
    }
}

extension dptrain_convolution {
    fileprivate init(_ geometry: ConvolutionGeometry) {
        self.init(
            samples: geometry.input[0], inputs: geometry.input[1], outputs: geometry.output[1],
            input_height: geometry.input[2], input_width: geometry.input[3], output_height: geometry.output[2],
            output_width: geometry.output[3], kernel_height: geometry.kernel[2], kernel_width: geometry.kernel[3],
            stride_height: Int(geometry.strides[0]), stride_width: Int(geometry.strides[1]),
            step_height: Int(geometry.gaps[0]) + 1, step_width: Int(geometry.gaps[1]) + 1,
            padding_top: Int(geometry.paddingBefore[0]), padding_left: Int(geometry.paddingBefore[1]))
    }
}
