import Basics
import Checkpoints
import Execution
import Interchange
import MessagePassing
import Optimization
import Reduction

/// The weights and optimizer slots of a run as a checkpoint asks for them on rank 0. Slots, and weights beside those that are
/// trained, are spread over the ranks. All ranks gather them one parameter at a time, in the file's order, so that rank 0 never
/// holds one of them as a whole.
final class RunTensors: CheckpointTensors {
    private let communicator: Communicator
    private let replica: Replica
    /// The weights that are trained.
    private let parameters: AlignedBuffer<Float>
    private let slots: [OwnedArena]
    /// The model's weights, if they are not those that are trained.
    private let average: OwnedArena?
    private let slow: OwnedArena?
    private let optimizer: any Optimizer
    /// The indices of trainable parameters in the network.
    private let trainable: [Int]
    /// What is gathered, in the order of the file.
    private let order: [Place]
    private var gathered = 0
    /// On rank 0: the place of the parameter that is gathered.
    private let place: AlignedBuffer<Float>?

    private struct Place {
        let arena: OwnedArena
        /// In the network.
        let parameter: Int
    }

    /// Of the state as it is. `hasAverage`: whether the model's weights are the average.
    convenience init(
        _ communicator: Communicator, _ replica: Replica, _ update: ParameterUpdate, hasAverage: Bool
    ) {
        self.init(
            communicator, replica, replica.parameters, update.slots, update.optimizer,
            average: hasAverage ? update.average : nil, slow: update.slow)
    }

    /// Of the state at the start of the epoch.
    convenience init(
        _ communicator: Communicator, _ replica: Replica, _ start: EpochStart, _ optimizer: any Optimizer
    ) {
        self.init(communicator, replica, start.parameters, start.slots, optimizer)
    }

    private init(
        _ communicator: Communicator, _ replica: Replica, _ parameters: AlignedBuffer<Float>, _ slots: [OwnedArena],
        _ optimizer: any Optimizer, average: OwnedArena? = nil, slow: OwnedArena? = nil
    ) {
        self.communicator = communicator
        self.replica = replica
        self.parameters = parameters
        self.slots = slots
        self.optimizer = optimizer
        (self.average, self.slow) = (average, slow)
        let trainable = replica.network.trainableIndices
        self.trainable = trainable
        let updated = replica.network.parameters.indices.filter { replica.arena[parameter: $0].role != .frozen }
        let weights = { (arena: OwnedArena?) in
            arena.map { arena in updated.map { Place(arena: arena, parameter: $0) } } ?? []
        }
        order =
            weights(average)
            + optimizer.slotPlaces(in: replica.network).map {
                Place(arena: slots[$0.slot], parameter: trainable[$0.parameter])
            } + weights(slow)
        let largest = order.map { replica.arena[parameter: $0.parameter].range.count }.max() ?? 0
        place = communicator.rank == 0 ? AlignedBuffer(count: largest) : nil
    }

    /// Looks at this rank's part of the slots.
    func requireFiniteSlots() throws(FileError) {
        for (slot, arena) in zip(optimizer.slots, slots) {
            for index in trainable where !arena.isFinite(in: replica.arena[parameter: index].range) {
                throw FileError.notFinite("\(replica.network.parameters[index].path) (\(slot.name))")
            }
        }
    }

    func weight(_ parameter: Int) throws -> [Float] { try weight(parameter, in: average) }

    func weight(_ parameter: Int, of set: RunState.WeightSet) throws -> [Float] {
        switch set {
        case .training: try weight(parameter, in: nil)
        case .slow: try weight(parameter, in: slow)
        }
    }

    func slot(_ slot: Int, of parameter: Int) throws -> [Float] { try gather(slots[slot], trainable[parameter]) }

    /// `arena` nil stands for the weights that are trained. Frozen weights have no other values.
    private func weight(_ parameter: Int, in arena: OwnedArena?) throws -> [Float] {
        guard let arena, replica.arena[parameter: parameter].role != .frozen else {
            return try replica.logical(parameter, of: parameters)
        }
        return try gather(arena, parameter)
    }

    private func gather(_ arena: OwnedArena, _ parameter: Int) throws -> [Float] {
        let next = order[gathered]
        precondition(next.arena === arena && next.parameter == parameter, "values are asked for in the file's order")
        try gatherNext()
        guard let place else { preconditionFailure("rank 0 alone composes checkpoints") }
        return try replica.unpack(parameter, from: place.baseAddress)
    }

    /// Gathers what nobody has asked for: everything on other ranks than 0, and on rank 0 what is left where composing
    /// failed. No rank then waits for another in vain.
    func finish() throws {
        while gathered < order.count { try gatherNext() }
    }

    private func gatherNext() throws {
        let next = order[gathered]
        gathered += 1
        let range = replica.arena[parameter: next.parameter].range
        try next.arena.gather(range, into: place?.baseAddress, communicator)
    }
}
