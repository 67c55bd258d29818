import Basics
import Execution
import MessagePassing
import Models
import Optimization
import Reduction

/// Projects weights that have a constraint, after the update of a step. A constraint may depend on a whole parameter in Keras's
/// shape, of which a rank updates a part. So each rank reads the new weights of the parameters that it has a part of, projects them
/// all, and the ranks share their parts of the result. The bits do not depend on where parts are cut.
final class ConstrainedWeights {
    private struct Constrained {
        let constraint: WeightConstraint
        let slice: ArenaSlice
        let shape: Shape
    }

    private let parameters: [Constrained]
    private let projected: OwnedArena
    private let replica: Replica
    private let communicator: Communicator
    /// A parameter in Keras's shape, lengths of its lines, and the parameter as it lies in the arena.
    private let logical: AlignedBuffer<Float>
    private let lengths: AlignedBuffer<Float>
    private let packed: AlignedBuffer<Float>

    /// Nil where no parameter that trains has a constraint. `constraints` are those of the network's parameters.
    init?(
        _ constraints: [WeightConstraint?], _ replica: Replica, _ ownership: SliceOwnership,
        _ communicator: Communicator
    ) {
        parameters = replica.arena.slices.compactMap { slice in
            guard slice.role == .trainable, let constraint = constraints[slice.parameter] else { return nil }
            let shape = replica.network.parameters[slice.parameter].specification.shape
            return Constrained(constraint: constraint, slice: slice, shape: shape)
        }
        if parameters.isEmpty { return nil }
        let largest = parameters.map { max($0.shape.count, $0.slice.range.count) }.max() ?? 0
        (logical, lengths) = (AlignedBuffer(count: largest), AlignedBuffer(count: largest))
        packed = AlignedBuffer(count: largest)
        projected = OwnedArena(ownership)
        (self.replica, self.communicator) = (replica, communicator)
    }

    /// Of the memory that it takes.
    static func bytes(_ constraints: [WeightConstraint?], _ network: Network, owned: Int) -> Int {
        let sizes = zip(constraints, network.parameters).compactMap { constraint, parameter in
            constraint.map { _ in parameter.specification.shape.count }
        }
        return sizes.max().map { (owned + 3 * $0) * MemoryLayout<Float>.stride } ?? 0
    }

    /// Collective.
    func project() throws {
        // Ranks that share their parameters have all updated theirs.
        try communicator.barrier()
        projected.store(UnsafeBufferPointer(replica.parameters[0..<replica.arena.gradientCount]), at: 0)
        for parameter in parameters where owns(parameter.slice.range) {
            let slice = parameter.slice
            try slice.format.unpack(replica.parameters.baseAddress + slice.offset, into: logical.baseAddress)
            parameter.constraint.project(logical.baseAddress, parameter.shape, lengths: lengths.baseAddress)
            packed.elements.update(repeating: 0)
            try slice.format.pack(logical.baseAddress, into: packed.baseAddress)
            projected.store(UnsafeBufferPointer(packed[0..<slice.range.count]), at: slice.range.lowerBound)
        }
        // They have all read what the others are about to write.
        try communicator.barrier()
        try projected.spread(into: replica.parameters, communicator)
    }

    private func owns(_ range: Range<Int>) -> Bool {
        projected.ownership.ranges.contains { $0.overlaps(range) }
    }
}
