import CConvolution
import CDNNL
import Execution
import Lowering
import OneDNN

/// The squashing function of LeCun et al. (1998) in single precision, in whatever layout its input has.
extension DNNLCompiler {
    func scaledTanh(_ operation: Operation, _ input: Tensor) throws -> (output: Tensor, saved: Saved) {
        let x = try reorder(input, to: input.layout.of(dnnl_f32), layer: operation.name)
        let y = activation(x.layout)
        let (lanes, count) = (library.lanes, y.layout.byteCount / MemoryLayout<Float>.stride)
        emit(partsOf: count, multiple: lineOfValues, reads: [x.buffer], writes: [y.buffer]) { memory in
            let (x, y) = (memory.floats(x.buffer), memory.floats(y.buffer))
            return { values, _ in dptrain_scaled_tanh(lanes, ScaledTanh.amplitude, ScaledTanh.slope, values, x, y) }
        }
        return (y, .scaledTanh(output: y))
    }

    func scaledTanhBackward(
        _ operation: Operation, _ output: Tensor, _ gradient: Tensor, _ mayOverwrite: Bool
    ) throws -> Tensor {
        let dy = try reorder(gradient, to: output.layout, layer: operation.name)
        let dx = mayOverwrite || dy.buffer != gradient.buffer ? dy : activation(output.layout)
        let (lanes, count) = (library.lanes, output.layout.byteCount / MemoryLayout<Float>.stride)
        emit(
            partsOf: count, multiple: lineOfValues, reads: [dy.buffer, output.buffer], writes: [dx.buffer]
        ) { memory in
            let (dy, y, dx) = (memory.floats(dy.buffer), memory.floats(output.buffer), memory.floats(dx.buffer))
            return { values, _ in
                dptrain_scaled_tanh_gradient(lanes, ScaledTanh.amplitude, ScaledTanh.slope, values, dy, y, dx)
            }
        }
        return dx
    }
}
