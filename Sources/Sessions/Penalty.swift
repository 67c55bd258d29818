import Basics
import Execution
import Interchange
import MessagePassing
import Models
import Optimization
import Options

/// Keras's regularizers in the loss: l2 · Σ w² of kernels, or what each layer has, computed once over all ranks.
///
/// Parameters are cut into blocks, and blocks are divided among the ranks. Each rank sums its own blocks; then all ranks
/// add the sums of all blocks in the same order. Every rank has all weights, so one rank sums a whole block, no matter
/// which ranks update its weights. So the bits do not depend on the number of ranks.
package final class Penalty {
    private enum Kind {
        case squares, magnitudes
    }

    /// A factor of the sum over some blocks.
    private struct Term {
        let kind: Kind
        let factor: Double
        var blocks: [Range<Int>]
    }

    private let communicator: Communicator
    private let parameters: AlignedBuffer<Float>
    private let terms: [Term]
    /// Of all terms, in the order in which they are added.
    private let blocks: [(range: Range<Int>, kind: Kind)]
    /// This rank's blocks.
    private let own: Range<Int>
    /// One a block.
    private let sums: AlignedBuffer<Float>
    private let layout: RankLayout
    /// A block is short enough to be summed in single precision; the sums of blocks are added in double precision.
    private static let block = 4096

    /// `penalties` are those of the network's parameters, of which the ones that train count.
    package init(_ penalties: [WeightPenalty], _ replica: Replica, _ communicator: Communicator) throws {
        self.communicator = communicator
        parameters = replica.parameters
        var terms: [Term] = []
        for slice in replica.arena.slices where slice.role == .trainable {
            let blocks = stride(from: slice.range.lowerBound, to: slice.range.upperBound, by: Self.block).map {
                $0..<min($0 + Self.block, slice.range.upperBound)
            }
            let penalty = penalties[slice.parameter]
            for (kind, factor) in [(Kind.squares, penalty.l2), (.magnitudes, penalty.l1)] where factor > 0 {
                if let known = terms.firstIndex(where: { $0.kind == kind && $0.factor == factor }) {
                    terms[known].blocks += blocks
                } else {
                    terms.append(Term(kind: kind, factor: factor, blocks: blocks))
                }
            }
        }
        self.terms = terms
        blocks = terms.flatMap { term in term.blocks.map { ($0, term.kind) } }
        let blocks = blocks
        let parts = (0..<communicator.size).map {
            ShardPartition.part($0, of: communicator.size, total: blocks.count)
        }
        own = parts[communicator.rank]
        sums = AlignedBuffer(count: blocks.count)
        layout = try RankLayout(counts: parts.map(\.count))
    }

    /// Sums this rank's blocks of the weights as they are now.
    package func measure() {
        for index in own { sums[index] = sum(blocks[index].range, blocks[index].kind) }
    }

    /// The penalty of the weights that were measured last. Collective; all ranks get the same.
    package func value() throws -> Double {
        if blocks.isEmpty { return 0 }
        try communicator.allGather(inPlace: sums.elements, layout)
        var (penalty, first) = (0.0, 0)
        for term in terms {
            var total = 0.0
            for sum in sums.elements[first..<first + term.blocks.count] { total += Double(sum) }
            penalty += term.factor * total
            first += term.blocks.count
        }
        return penalty
    }

    /// Slices are multiples of 16 elements, so that no remainder is left.
    private func sum(_ range: Range<Int>, _ kind: Kind) -> Float {
        let values = UnsafeRawPointer(parameters.baseAddress + range.lowerBound)
        var sums = SIMD16<Float>(repeating: 0)
        for i in 0..<range.count / 16 {
            let lane = values.load(fromByteOffset: i * 64, as: SIMD16<Float>.self)
            switch kind {
            case .squares: sums += lane * lane
            case .magnitudes: sums += lane.replacing(with: -lane, where: lane .< 0)
            }
        }
        return sums.sum()
    }
}

extension TrainingOptions {
    /// What is added to the loss for each parameter of a network: what its layers say, or one L2 of all kernels.
    package func penalties(of network: Network) -> [WeightPenalty] {
        layerPenalties ?? false
            ? network.weightPenalties
            : network.parameters.map { $0.specification.isKernel ? WeightPenalty(l2: l2) : .none }
    }

    /// What is added to the loss for outputs of a network's nodes.
    package func activityPenalties(of network: Network) -> [Int: ActivityPenalty] {
        layerPenalties ?? false ? network.activityPenalties : [:]
    }
}
