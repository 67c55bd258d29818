import Basics
import Checkpoints
import Execution
import Interchange
import MessagePassing
import Models
import Optimization
import Reduction

/// When checkpoints are due, and how the state that is spread over ranks becomes one file.
final class Checkpointing {
    private let communicator: Communicator
    private let replica: Replica
    private let reducer: Reducer
    private let update: ParameterUpdate
    private let options: TrainingOptions
    private let identity: RunIdentity
    /// On rank 0 only.
    private let output: RunOutput?
    private let watch: StallWatch
    private let epochsBetween: Int
    private let stepsBetween: Int?

    init(
        _ communicator: Communicator, _ replica: Replica, _ reducer: Reducer, _ update: ParameterUpdate,
        _ options: TrainingOptions, _ identity: RunIdentity, _ output: RunOutput?,
        _ watch: StallWatch
    ) {
        self.communicator = communicator
        self.replica = replica
        self.reducer = reducer
        self.update = update
        self.options = options
        self.identity = identity
        self.output = output
        self.watch = watch
        epochsBetween = options.checkpointEveryEpochs
        stepsBetween = options.checkpointEverySteps
    }

    func isDue(afterStep step: Int) -> Bool { stepsBetween.map { step % $0 == 0 } ?? false }
    func isDue(afterEpoch epoch: Int) -> Bool { epoch % epochsBetween == 0 }

    /// Collective: gathers the optimizer's slots, and has rank 0 write.
    func save(_ progress: RunProgress, _ coordinator: Coordinator, as roles: CheckpointStore.Role) throws {
        watch.begin(.saving)
        for slot in update.slots { try reducer.share(slot) }
        _ = try communicator.onRoot {
            try output?.save(state(progress, coordinator), as: roles)
        }
    }

    private func state(_ progress: RunProgress, _ coordinator: Coordinator) throws -> RunState {
        var state = RunState(
            network: replica.network, loss: replica.loss, weights: try finiteWeights(progress.position.globalStep),
            optimizer: try optimizerState(progress))
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

    /// The loss does not tell all: where a ReLU turns NaN into zero it stays finite, and the run goes on with lost weights.
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

    private func optimizerState(_ progress: RunProgress) throws -> OptimizerState {
        let optimizer = options.algorithm
        let trainable = replica.network.trainableIndices
        let slots = try zip(optimizer.slots, update.slots).map { slot, arena in
            OptimizerState.Slot(name: slot.name, values: try trainable.map { try replica.logical($0, of: arena) })
        }
        return OptimizerState(
            kerasClass: type(of: optimizer).kerasClass,
            configuration: optimizer.kerasConfiguration(
                learningRate: options.baseLearningRate, weightDecay: options.optimizer.weightDecay),
            learningRate: Double(progress.learningRate), iteration: progress.position.globalStep, slots: slots)
    }

    /// Takes up weights and slots of a checkpoint.
    static func restore(_ state: RunState, _ replica: Replica, _ update: ParameterUpdate) throws {
        try replica.setWeights(state.weights)
        for (slot, arena) in zip(state.optimizer.slots, update.slots) {
            for (parameter, values) in zip(replica.network.trainableIndices, slot.values) {
                try replica.setLogical(values, parameter, of: arena)
            }
        }
    }
}

/// What tells a run apart from others, the same on all ranks.
struct RunIdentity: Sendable {
    var fingerprint: String
    var normalization: String
    var classNames: [String]
    /// Engine, instruction set, threads, precision.
    var execution: [String: String]
}
