import Basics
import Checkpoints
import Execution
import Interchange
import MessagePassing
import Models
import Optimization
import Reduction

/// Decides when checkpoints are due, and makes one file of the state that is spread over the ranks.
final class Checkpointing {
    private let communicator: Communicator
    private let replica: Replica
    private let update: ParameterUpdate
    private let options: TrainingOptions
    private let identity: RunIdentity
    /// On rank 0 only.
    private let output: RunOutput?
    private let epochsBetween: Int
    private let stepsBetween: Int?

    init(
        _ communicator: Communicator, _ replica: Replica, _ update: ParameterUpdate, _ options: TrainingOptions,
        _ identity: RunIdentity, _ output: RunOutput?
    ) {
        self.communicator = communicator
        self.replica = replica
        self.update = update
        self.options = options
        self.identity = identity
        self.output = output
        epochsBetween = options.checkpointEveryEpochs
        stepsBetween = options.checkpointEverySteps
    }

    func isDue(afterStep step: Int) -> Bool { stepsBetween.map { step % $0 == 0 } ?? false }
    func isDue(afterEpoch epoch: Int) -> Bool { epoch % epochsBetween == 0 }

    /// Collective: gathers the optimizer's slots, and has rank 0 write.
    func save(_ progress: RunProgress, _ coordinator: Coordinator, as roles: CheckpointStore.Role) throws {
        let slots = try update.slots.map { try gathered($0) }
        _ = try communicator.onRoot {
            try communicator.watch.during(.saving) {
                try output?.save(state(progress, coordinator, slots), as: roles)
            }
        }
    }

    /// One of the optimizer's slots in Keras's shapes, on rank 0. Collective. Only one slot at a time exists as an
    /// arena.
    private func gathered(_ slot: OwnedArena) throws -> [[Float]] {
        let arena = try slot.gathered(communicator)
        return try communicator.onRoot {
            guard let arena else { return [] }
            return try replica.network.trainableIndices.map { try replica.logical($0, of: arena) }
        } ?? []
    }

    private func state(
        _ progress: RunProgress, _ coordinator: Coordinator, _ slots: [[[Float]]]
    ) throws -> RunState {
        var state = RunState(
            network: replica.network, loss: replica.loss, weights: try finiteWeights(progress.position.globalStep),
            optimizer: optimizerState(progress, slots))
        state.position = progress.position
        state.coordinator = String(decoding: try coordinator.state(), as: UTF8.self)
        state.history = progress.history
        state.epochSums = progress.epochSums
        state.options = Dictionary(uniqueKeysWithValues: options.semantic.map { ($0.name, $0.value) })
        state.dataFingerprint = identity.fingerprint
        state.normalization = identity.normalization
        state.classNames = identity.classNames
        state.execution = identity.execution
        return state
    }

    /// The loss does not show every error: if a ReLU turns NaN into zero, the loss stays finite although weights are
    /// lost.
    private func finiteWeights(_ step: Int) throws -> [[Float]] {
        let weights = try replica.weights()
        for (parameter, values) in zip(replica.network.parameters, weights) where !values.allSatisfy(\.isFinite) {
            throw TrainingError(
                "\(parameter.path) holds values that are not finite after step \(step), so no checkpoint is saved of it. "
                    + (step == 0
                        ? "See where the weights come from."
                        : "The samples may hold such values, or the learning rate is too high; the last checkpoint is whole.")
            )
        }
        return weights
    }

    private func optimizerState(_ progress: RunProgress, _ slots: [[[Float]]]) -> OptimizerState {
        let optimizer = options.algorithm
        return OptimizerState(
            kerasClass: type(of: optimizer).kerasClass,
            configuration: optimizer.kerasConfiguration(
                learningRate: options.baseLearningRate, weightDecay: options.optimizer.weightDecay),
            learningRate: Double(progress.learningRate), iteration: progress.position.globalStep,
            slots: zip(optimizer.slots, slots).map { OptimizerState.Slot(name: $0.name, values: $1) })
    }

    /// Loads the weights and slots of a checkpoint.
    static func restore(_ state: RunState, _ replica: Replica, _ update: ParameterUpdate) throws {
        try replica.setWeights(state.weights)
        for (parameter, place) in replica.network.trainableIndices.enumerated() {
            let slice = replica.arena[parameter: place]
            let packed = AlignedBuffer<Float>(count: slice.range.count)
            for (slot, arena) in zip(state.optimizer.slots, update.slots) {
                packed.elements.update(repeating: arena.initialValue)
                try replica.pack(slot.values[parameter], place, into: packed.baseAddress)
                arena.store(UnsafeBufferPointer(packed.elements), at: slice.offset)
            }
        }
    }
}

/// What distinguishes a run from others; the same on all ranks.
struct RunIdentity: Sendable {
    var fingerprint: String
    var normalization: String
    var classNames: [String]
    /// Engine, instruction set, threads, precision.
    var execution: [String: String]
}
