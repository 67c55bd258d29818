import Basics
import Checkpoints
import Execution
import Interchange
import MessagePassing

/// The weights and optimizer slots of a run as a checkpoint asks for them on rank 0. The slots are spread over the ranks.
/// All ranks gather them one parameter at a time, in the file's order, so that rank 0 never holds a slot as a whole.
final class RunTensors: CheckpointTensors {
    private let communicator: Communicator
    private let replica: Replica
    private let update: ParameterUpdate
    /// The indices of trainable parameters in the network.
    private let trainable: [Int]
    private let order: [SlotPlace]
    private var gathered = 0
    /// On rank 0: the place of the parameter that is gathered.
    private let place: AlignedBuffer<Float>?

    init(_ communicator: Communicator, _ replica: Replica, _ update: ParameterUpdate) {
        self.communicator = communicator
        self.replica = replica
        self.update = update
        trainable = replica.network.trainableIndices
        order = update.optimizer.slotPlaces(in: replica.network)
        let largest = trainable.map { replica.arena[parameter: $0].range.count }.max() ?? 0
        place = communicator.rank == 0 ? AlignedBuffer(count: largest) : nil
    }

    /// Looks at this rank's part of the slots.
    func requireFiniteSlots() throws {
        for (slot, arena) in zip(update.optimizer.slots, update.slots) {
            for index in trainable where !arena.isFinite(in: replica.arena[parameter: index].range) {
                throw FileError.notFinite("\(replica.network.parameters[index].path) (\(slot.name))")
            }
        }
    }

    func weight(_ parameter: Int) throws -> [Float] { try replica.logical(parameter, of: replica.parameters) }

    func slot(_ slot: Int, of parameter: Int) throws -> [Float] {
        precondition(order[gathered] == (slot, parameter), "slots are asked for in the file's order")
        try gatherNext()
        guard let place else { preconditionFailure("rank 0 alone composes checkpoints") }
        return try replica.unpack(trainable[parameter], from: place.baseAddress)
    }

    /// Gathers what nobody has asked for: everything on other ranks than 0, and on rank 0 what is left where composing
    /// failed. No rank then waits for another in vain.
    func finish() throws {
        while gathered < order.count { try gatherNext() }
    }

    private func gatherNext() throws {
        let (slot, parameter) = order[gathered]
        gathered += 1
        let range = replica.arena[parameter: trainable[parameter]].range
        try update.slots[slot].gather(range, into: place?.baseAddress, communicator)
    }
}
