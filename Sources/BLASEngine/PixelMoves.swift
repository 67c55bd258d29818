import Execution
import Lowering

/// Which runs of floats a layer takes from its input to its output, unchanged.
protocol PixelMoves {
    /// Floats of each run.
    var runCount: Int { get }
    /// Whether runs of the input go to several places, which then are all of the output; else to one at most.
    var repeats: Bool { get }

    /// Calls `body` with where each run begins in the input and in the output.
    func forEachRun(_ body: (_ input: Int, _ output: Int) -> Void)
}

extension BLASCompiler {
    /// The output is zero where nothing is moved to.
    func emitMoves(_ moves: some PixelMoves, _ operation: Operation, _ input: Tensor) -> (Tensor, Saved) {
        let output = newTensor(operation.outputShape.count)
        let count = samples * output.width
        builder.emit(reads: [input.buffer], writes: [output.buffer]) { memory in
            let (x, y) = (memory.floats(input.buffer), memory.floats(output.buffer))
            return { _ in
                if !moves.repeats { y.update(repeating: 0, count: count) }
                moves.forEachRun { (y + $1).update(from: x + $0, count: moves.runCount) }
            }
        }
        return (output, Saved(input: input.buffer, output: output.buffer))
    }

    /// Each place of the input gets the sum over all places that it was moved to.
    func emitMovesBackward(_ moves: some PixelMoves, _ operation: Operation, _ gradient: Tensor) -> Tensor {
        let result = newTensor(operation.inputShapes[0].count)
        let count = samples * result.width
        builder.emit(reads: [gradient.buffer], writes: [result.buffer]) { memory in
            let (dy, dx) = (memory.floats(gradient.buffer), memory.floats(result.buffer))
            return { _ in
                dx.update(repeating: 0, count: count)
                moves.forEachRun {
                    if moves.repeats {
                        add(dx + $0, dy + $1, into: dx + $0, moves.runCount)
                    } else {
                        (dx + $0).update(from: dy + $1, count: moves.runCount)
                    }
                }
            }
        }
        return result
    }
}
