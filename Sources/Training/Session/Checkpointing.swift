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
    private let folder: String
    /// The path of the newest checkpoint that the run could go on from.
    private var lastWhole: String?
    private let epochsBetween: Int
    private let stepsBetween: Int?

    init(
        _ communicator: Communicator, _ replica: Replica, _ update: ParameterUpdate, _ options: TrainingOptions,
        _ identity: RunIdentity, _ output: RunOutput?, resumedFrom: String?
    ) {
        self.communicator = communicator
        self.replica = replica
        self.update = update
        self.options = options
        self.identity = identity
        self.output = output
        folder = options.output ?? TrainingRun.defaultOutput
        lastWhole = resumedFrom
        epochsBetween = options.checkpointEveryEpochs
        stepsBetween = options.checkpointEverySteps
    }

    func isDue(afterStep step: Int) -> Bool { stepsBetween.map { step % $0 == 0 } ?? false }
    func isDue(afterEpoch epoch: Int) -> Bool { epoch % epochsBetween == 0 }

    /// Collective: gathers the optimizer's slots, and has rank 0 write.
    func save(_ progress: RunProgress, _ coordinator: Coordinator, as roles: CheckpointStore.Role) throws {
        let step = progress.position.globalStep
        let tensors = RunTensors(communicator, replica, update)
        try communicator.together {
            try refusingNonFinite(after: step) { try tensors.requireFiniteSlots() }
        }
        let composed =
            communicator.rank == 0
            ? Result { try CheckpointCodec.compose(state(progress, coordinator), tensors: tensors) } : nil
        try tensors.finish()
        _ = try communicator.onRoot {
            guard let composed else { return }
            let file = try refusingNonFinite(after: step) { try composed.get() }
            try communicator.watch.during(.saving) { try output?.save(file, globalStep: step, as: roles) }
        }
        lastWhole = "\(folder)/\(roles.contains(.step) ? CheckpointStore.stepName(step) : CheckpointStore.bestName)"
    }

    /// The state without weights and slots.
    private func state(_ progress: RunProgress, _ coordinator: Coordinator) throws -> RunState {
        var state = RunState(
            network: replica.network, loss: replica.loss, weights: [], optimizer: optimizerState(progress))
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
    private func refusingNonFinite<T>(after step: Int, _ body: () throws -> T) throws -> T {
        do {
            return try body()
        } catch let error as FileError where error.kind == .notFinite {
            let origin =
                step == 0
                ? "See where the weights come from"
                : "The samples may hold very large values, or the learning rate or a penalty is too high"
            throw TrainingError(
                "\(error.reason) after step \(step), so no checkpoint is saved of it. \(origin); "
                    + (lastWhole.map { "the last whole checkpoint is \($0)." } ?? "there is no checkpoint yet."))
        }
    }

    private func optimizerState(_ progress: RunProgress) -> OptimizerState {
        let optimizer = options.algorithm
        return OptimizerState(
            kerasClass: type(of: optimizer).kerasClass,
            configuration: optimizer.kerasConfiguration(
                learningRate: options.baseLearningRate, weightDecay: options.optimizer.weightDecay),
            learningRate: Double(progress.learningRate), iteration: progress.position.globalStep,
            slots: optimizer.slots.map { OptimizerState.Slot(name: $0.name, values: []) })
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
