import Basics
import Execution
import MessagePassing
import Reduction

/// Puts the average of weights, of which each rank has its slices, in the place of the weights for a while.
final class AveragedWeights {
    private let average: OwnedArena
    /// This rank's slices of the weights that are trained, meanwhile.
    private let kept: OwnedArena
    private let replica: Replica
    private let communicator: Communicator

    init(_ average: OwnedArena, _ replica: Replica, _ communicator: Communicator) {
        self.average = average
        self.replica = replica
        self.communicator = communicator
        kept = OwnedArena(average.ownership)
    }

    /// Collective. The body is not called on all ranks if the average cannot be shared.
    func whileInPlace<Result>(_ body: () throws -> Result) throws -> Result {
        // Ranks that share their parameters have all read them.
        try communicator.barrier()
        kept.store(UnsafeBufferPointer(replica.parameters[0..<replica.arena.gradientCount]), at: 0)
        try average.spread(into: replica.parameters, communicator)
        replica.weightsChanged()
        let result = Swift.Result { try body() }
        try communicator.barrier()
        try kept.spread(into: replica.parameters, communicator)
        replica.weightsChanged()
        return try result.get()
    }
}
