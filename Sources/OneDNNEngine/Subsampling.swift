import Basics
import CConvolution
import CDNNL
import Execution
import Lowering
import Models
import OneDNN

/// What backward needs of the forward pass of a subsampling.
struct SubsamplingState {
    let shape: dptrain_subsampling
    let input: Tensor
    let output: MemoryDescriptor
}

/// Subsamplings with samples side by side.
extension DNNLCompiler {
    func subsampling(
        _ operation: Operation, _ layer: Subsampling2D, _ input: Tensor
    ) throws -> (output: Tensor, saved: Saved) {
        let (from, to) = (operation.inputShapes[0], operation.outputShape)
        let shape = dptrain_subsampling(
            windows: dptrain_lane_pooling(
                operation, layer.window, planes: samples.dividedRoundingUp(by: library.lanes) * from[2],
                lanes: library.lanes),
            channels: from[2])
        let x = try reorder(
            input, to: sampleGroups([samples, from[2], from[0], from[1]]), layer: operation.name)
        let y = activation(try sampleGroups([samples, to[2], to[0], to[1]]))
        let (coefficients, biases) = (
            builder.plainParameter(operation.parameters[0]), builder.plainParameter(operation.parameters[1])
        )
        emit(partsOf: shape.channels, reads: [x.buffer, coefficients, biases], writes: [y.buffer]) { memory in
            let (x, y) = (memory.floats(x.buffer), memory.floats(y.buffer))
            let (coefficients, biases) = (memory.floats(coefficients), memory.floats(biases))
            return { channels, _ in
                withUnsafePointer(to: shape) { dptrain_subsampling_forward($0, channels, x, coefficients, biases, y) }
            }
        }
        return (y, .subsampling(SubsamplingState(shape: shape, input: x, output: y.layout)))
    }

    func subsamplingBackward(
        _ operation: Operation, _ state: SubsamplingState, _ gradient: Tensor, wantsInput: Bool
    ) throws -> Tensor? {
        let dy = try reorder(gradient, to: state.output, layer: operation.name).buffer
        let (shape, x) = (state.shape, state.input.buffer)
        let coefficients = builder.plainParameter(operation.parameters[0])
        let gradients = operation.parameters.map { changes($0) ? builder.gradient(of: $0) : nil }
        let dx = wantsInput ? activation(state.input.layout) : nil
        let writes = (gradients + [dx?.buffer]).compactMap(\.self)
        emit(partsOf: shape.channels, reads: [x, dy, coefficients], writes: writes) { memory in
            let (x, dy, coefficients) = (memory.floats(x), memory.floats(dy), memory.floats(coefficients))
            let (dx, gradients) = (dx.map { memory.floats($0.buffer) }, gradients.map { $0.map { memory.floats($0) } })
            let (ofCoefficients, ofBiases) = (gradients[0], gradients[1])
            return { channels, _ in
                withUnsafePointer(to: shape) {
                    dptrain_subsampling_gradient($0, channels, x, dy, coefficients, dx, ofCoefficients, ofBiases)
                }
            }
        }
        return dx
    }
}
