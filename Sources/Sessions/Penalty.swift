import Basics
import Execution
import MessagePassing

/// Keras's kernel regularizer in the loss: l2 · Σ w² over all kernels, computed once over all ranks.
///
/// Kernels are cut into blocks, and blocks are divided among the ranks. Each rank sums its own blocks; then all ranks
/// add the sums of all blocks in the same order. Every rank has all weights, so one rank sums a whole block, no matter
/// which ranks update its weights. So the bits do not depend on the number of ranks.
package final class Penalty {
    private let l2: Double
    private let communicator: Communicator
    private let parameters: AlignedBuffer<Float>
    /// Of all kernels, in the order in which they are added.
    private let blocks: [Range<Int>]
    /// This rank's blocks.
    private let own: Range<Int>
    /// One a block.
    private let sums: AlignedBuffer<Float>
    private let layout: RankLayout
    /// A block is short enough to be summed in single precision; the sums of blocks are added in double precision.
    private static let block = 4096

    package init(l2: Double, _ replica: Replica, _ communicator: Communicator) throws {
        self.l2 = l2
        self.communicator = communicator
        parameters = replica.parameters
        let kernels = replica.arena.slices.filter { slice in
            l2 > 0 && slice.role == .trainable && replica.network.parameters[slice.parameter].specification.isKernel
        }
        let blocks = kernels.flatMap { kernel in
            stride(from: kernel.range.lowerBound, to: kernel.range.upperBound, by: Self.block).map {
                $0..<min($0 + Self.block, kernel.range.upperBound)
            }
        }
        self.blocks = blocks
        let parts = (0..<communicator.size).map {
            ShardPartition.part($0, of: communicator.size, total: blocks.count)
        }
        own = parts[communicator.rank]
        sums = AlignedBuffer(count: blocks.count)
        layout = try RankLayout(counts: parts.map(\.count))
    }

    /// Sums this rank's blocks of the weights as they are now.
    package func measure() {
        for index in own { sums[index] = squares(blocks[index]) }
    }

    /// The penalty of the weights that were measured last. Collective; all ranks get the same.
    package func value() throws -> Double {
        if blocks.isEmpty { return 0 }
        try communicator.allGather(inPlace: sums.elements, layout)
        var total = 0.0
        for sum in sums.elements { total += Double(sum) }
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
