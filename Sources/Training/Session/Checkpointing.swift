import Basics
import Checkpoints
import Execution
import Interchange
import MessagePassing
import Models
import Optimization
import Reduction
import Reporting

/// Decides when checkpoints are due, and makes one file of the state that is spread over the ranks.
final class Checkpointing {
    private let parts: RunParts
    /// On rank 0 only.
    private let store: CheckpointStore?
    private let observers: [any RunObserver]
    /// The path of the newest checkpoint that the run could go on from.
    private var lastWhole: String?

    private var communicator: Communicator { parts.session.communicator }
    private var options: TrainingOptions { parts.session.options }
    private var replica: Replica { parts.replica }

    init(_ parts: RunParts, _ store: CheckpointStore?, _ observers: [any RunObserver], resumedFrom: String?) {
        self.parts = parts
        self.store = store
        self.observers = observers
        lastWhole = resumedFrom
    }

    func isDue(afterStep step: Int) -> Bool { options.checkpointEverySteps.map { step % $0 == 0 } ?? false }
    func isDue(afterEpoch epoch: Int) -> Bool { epoch % options.checkpointEveryEpochs == 0 }

    /// Collective: gathers the optimizer's slots, and has rank 0 write.
    func save(_ progress: RunProgress, _ coordinator: Coordinator, as roles: CheckpointStore.Role) throws {
        let start = ContinuousClock.now
        let step = progress.position.globalStep
        let tensors = RunTensors(communicator, replica, parts.update)
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
            try communicator.watch.during(.saving) { try write(file, progress.position, as: roles, since: start) }
        }
        let folder = options.output ?? TrainingRun.defaultOutput
        lastWhole = "\(folder)/\(roles.contains(.step) ? CheckpointStore.stepName(step) : CheckpointStore.bestName)"
    }

    /// On rank 0. `start` is when saving began.
    private func write(
        _ file: some FileContent, _ position: RunState.Position, as roles: CheckpointStore.Role,
        since start: ContinuousClock.Instant
    ) throws {
        guard let store else { return }
        for observer in observers { try observer.checkpointIsDue() }
        let path = try store.save(file, globalStep: position.globalStep, as: roles)
        let event = CheckpointSaved(
            path: path, roles: roles, epoch: position.epoch, step: position.globalStep,
            seconds: (ContinuousClock.now - start) / .seconds(1), bytes: file.byteCount)
        for observer in observers { try observer.checkpointSaved(event) }
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
        state.dataFingerprint = parts.data.fingerprint
        state.normalization = parts.data.normalization.description
        state.classNames = parts.data.classNames
        state.execution = parts.session.execution
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
                learningRate: options.baseLearningRate, weightDecay: options.optimizer.weightDecay,
                clipping: options.clipping),
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
