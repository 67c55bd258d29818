import Basics
import Checkpoints
import Execution
import Reduction

/// The weights and the optimizer's slots of a rank as they were when the epoch began, in runs that may go back there. Each rank
/// keeps its own, in memory that is counted before the run begins (`EpochStart.bytes`).
final class EpochStart {
    /// The whole arena.
    let parameters: AlignedBuffer<Float>
    let slots: [OwnedArena]
    /// The rate of the step before the epoch.
    private(set) var learningRate: Float = 0

    private let replica: Replica
    private let update: ParameterUpdate

    init(_ replica: Replica, _ update: ParameterUpdate) {
        self.replica = replica
        self.update = update
        parameters = AlignedBuffer(count: replica.arena.count)
        slots = update.slots.map { OwnedArena($0.ownership, initialValue: $0.initialValue) }
    }

    /// What it takes for `parameters` weights and `slots` optimizer slots, of which the rank owns so many elements.
    static func bytes(parameters: Int, slots: Int, owned: Int) -> Int {
        (parameters + slots * owned) * MemoryLayout<Float>.stride
    }

    /// An epoch begins: keeps the state as it is.
    func keep(learningRate: Float) {
        parameters.baseAddress.update(from: replica.parameters.baseAddress, count: parameters.count)
        for (kept, slot) in zip(slots, update.slots) { kept.copy(slot) }
        self.learningRate = learningRate
    }

    /// Takes over the epoch's start of a checkpoint.
    func keep(_ state: RunState.EpochStart) throws {
        try replica.pack(state.weights, into: parameters)
        try Checkpointing.restore(state.slots, replica, to: slots)
        learningRate = Float(state.learningRate)
    }

    /// Puts everything back.
    func restore() {
        replica.parameters.baseAddress.update(from: parameters.baseAddress, count: parameters.count)
        for (kept, slot) in zip(slots, update.slots) { slot.copy(kept) }
    }
}
