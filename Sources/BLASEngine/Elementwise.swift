import Execution
import Lowering
import Models

#if canImport(Glibc)
import Glibc
#endif

/// Activations and sums.
extension BLASCompiler {
    func emitActivation(_ function: Activation, _ input: Tensor) -> (Tensor, Saved) {
        let output = newTensor(input.width)
        let count = samples * input.width
        builder.emit(reads: [input.buffer], writes: [output.buffer]) { memory in
            let (x, y) = (memory.floats(input.buffer), memory.floats(output.buffer))
            return { _ in
                y.update(from: x, count: count)
                activate(y, count, function)
            }
        }
        return (output, Saved(input: input.buffer, output: output.buffer))
    }

    func emitSum(_ operation: Operation, _ inputs: [Tensor]) -> (Tensor, Saved) {
        let output = newTensor(inputs[0].width)
        let count = samples * output.width
        builder.emit(reads: inputs.map(\.buffer), writes: [output.buffer]) { memory in
            let first = (memory.floats(inputs[0].buffer), memory.floats(inputs[1].buffer))
            let others = inputs.dropFirst(2).map { memory.floats($0.buffer) }
            let y = memory.floats(output.buffer)
            return { _ in
                add(first.0, first.1, into: y, count)
                for other in others { add(y, other, into: y, count) }
                activate(y, count, operation.activation)
            }
        }
        return (output, Saved(input: inputs[0].buffer, output: output.buffer))
    }

    func sum(_ first: Tensor, _ second: Tensor, mayOverwriteFirst: Bool) -> Tensor {
        let output = mayOverwriteFirst ? first : newTensor(first.width)
        let count = samples * first.width
        builder.emit(reads: [first.buffer, second.buffer], writes: [output.buffer]) { memory in
            let (a, b, y) = (memory.floats(first.buffer), memory.floats(second.buffer), memory.floats(output.buffer))
            return { _ in add(a, b, into: y, count) }
        }
        return output
    }

    /// The gradient of what the function was applied to, in place where that is allowed.
    func emitDerivative(_ function: Activation, of output: BufferID, _ gradient: Gradient) -> Gradient {
        guard function != .linear else { return gradient }
        let source = gradient.tensor.buffer
        let result = gradient.mayOverwrite ? gradient.tensor : newTensor(gradient.tensor.width)
        let count = samples * result.width
        builder.emit(reads: [source, output], writes: [result.buffer]) { memory in
            let (dy, y, dx) = (memory.floats(source), memory.floats(output), memory.floats(result.buffer))
            return { _ in derive(dy, y, into: dx, count, function) }
        }
        return Gradient(tensor: result, mayOverwrite: true)
    }
}

/// Applies the function in place. A NaN stays one, so that its origin can be found.
func activate(_ y: UnsafeMutablePointer<Float>, _ count: Int, _ function: Activation) {
    switch function {
    case .linear: break
    case .relu: for i in 0..<count { y[i] = y[i] < 0 ? 0 : y[i] }
    case .tanh: for i in 0..<count { y[i] = tanhf(y[i]) }
    case .sigmoid: for i in 0..<count { y[i] = 1 / (1 + expf(-y[i])) }
    default: preconditionFailure("\(function) is the planner's own")
    }
}

/// dx = dy f'(x), the derivative taken from y = f(x). `dx` may be `dy`.
func derive(
    _ dy: UnsafePointer<Float>, _ y: UnsafePointer<Float>, into dx: UnsafeMutablePointer<Float>, _ count: Int,
    _ function: Activation
) {
    switch function {
    case .linear: dx.update(from: dy, count: count)
    case .relu: for i in 0..<count { dx[i] = y[i] > 0 ? dy[i] : 0 }
    case .tanh: for i in 0..<count { dx[i] = dy[i] * (1 - y[i] * y[i]) }
    case .sigmoid: for i in 0..<count { dx[i] = dy[i] * y[i] * (1 - y[i]) }
    default: preconditionFailure("\(function) is the planner's own")
    }
}

/// c = a + b; `c` may be either.
func add(
    _ a: UnsafePointer<Float>, _ b: UnsafePointer<Float>, into c: UnsafeMutablePointer<Float>, _ count: Int
) {
    for i in 0..<count { c[i] = a[i] + b[i] }
}
