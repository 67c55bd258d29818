import CConvolution
import CDNNL
import Execution
import Lowering
import Models

/// Weight gradients of wide convolutions in bf16, in kernels of our own: oneDNN 2.6 leaves a third of the processor unused.
extension DNNLCompiler {
    func pairedPixelsWeightGradient(
        _ operation: Operation, _ state: ConvolutionState, _ geometry: ConvolutionGeometry, _ gradient: Tensor
    ) throws {
        let shape = dptrain_convolution(geometry)
        let bytes = withUnsafePointer(to: shape, dptrain_bf16_weight_gradient_scratch)
        let floats = bytes.dividedRoundingUp(by: MemoryLayout<Float>.stride)
        try emitBlockedWeightGradient(operation, state, geometry, gradient, scratch: floats) {
            blocks, x, dy, dw, db, scratch in
            let (x, dy) = (x.assumingMemoryBound(to: UInt16.self), dy.assumingMemoryBound(to: UInt16.self))
            withUnsafePointer(to: shape) { dptrain_bf16_weight_gradient($0, blocks, x, dy, dw, db, scratch) }
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
