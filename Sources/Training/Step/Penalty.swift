import Execution
import Basics

/// Keras's kernel regularizer in the loss: l2 · Σ w² over all kernels. Every rank has all weights and sums them in the
/// same order, so that no rank need ask another.
package struct Penalty {
    private let l2: Double
    private let parameters: AlignedBuffer<Float>
    private let kernels: [Range<Int>]
    /// Sums are kept short: a float sum a block, blocks added in double.
    private static let block = 4096

    package init(l2: Double, _ replica: Replica) {
        self.l2 = l2
        parameters = replica.parameters
        kernels = replica.arena.slices.compactMap { slice in
            let isPenalised =
                slice.role == .trainable && replica.network.parameters[slice.parameter].specification.isKernel
            return isPenalised ? slice.range : nil
        }
    }

    package func value() -> Double {
        guard l2 > 0 else { return 0 }
        var total = 0.0
        for kernel in kernels {
            for start in stride(from: kernel.lowerBound, to: kernel.upperBound, by: Self.block) {
                total += Double(squares(start..<min(start + Self.block, kernel.upperBound)))
            }
        }
        return l2 * total
    }

    /// Slices are multiples of 16 elements, so that no remainder is left.
    private func squares(_ range: Range<Int>) -> Float {
        let values = UnsafeRawPointer(parameters.baseAddress + range.lowerBound)
        var sums = SIMD16<Float>(repeating: 0)
        for i in 0..<range.count / 16 {
            let lane = values.load(fromByteOffset: i * 64, as: SIMD16<Float>.self)
            sums += lane * lane
        }
        return sums.sum()
    }
}
