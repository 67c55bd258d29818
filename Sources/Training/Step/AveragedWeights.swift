import Basics
import Execution
import MessagePassing
import Optimization
import Reduction

/// Puts the average of weights in the place of the weights for a while. Each rank has its slices of the average.
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

    /// Takes the weights of the replica into the mean. `models` are in it already.
    func add(to mean: StochasticAverage, models: Int) {
        for range in average.ownership.ranges where !range.isEmpty {
            mean.add(
                replica.parameters.baseAddress + range.lowerBound, to: average.address(of: range.lowerBound),
                count: range.count, models: models)
        }
    }

    /// Makes values in a range of the replica's arena, which the average is in, the average's own.
    func keep(_ range: Range<Int>) {
        average.store(UnsafeBufferPointer(replica.parameters[range]), at: range.lowerBound)
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
