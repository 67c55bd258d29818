import Basics
import Checkpoints
import Execution
import Interchange
import MessagePassing
import Models
import Optimization
import Reduction
import Reporting
import Options
import Sessions

/// Decides when checkpoints are due, and makes one file of the state that is spread over the ranks.
///
/// The run stands still while the file is composed in memory. A thread writes it, at most one checkpoint behind the run. All
/// ranks know whether one is being written, so that they wait for it together, and end together if it fails.
final class Checkpointing {
    private let parts: RunParts
    /// On rank 0 only.
    private let writer: CheckpointWriter?
    private let observers: [any RunObserver]
    /// Of a run that may go back there.
    private let epochStart: EpochStart?
    /// The path of the newest checkpoint that the run could go on from.
    private(set) var lastWhole: String?
    /// The checkpoint that is being written.
    private var pending: Pending?
    private var lastSave = ContinuousClock.now

    private struct Pending {
        let path: String
        let position: RunState.Position
        let roles: CheckpointStore.Role
        /// How long the run stood still for it.
        let seconds: Double
    }

    private var communicator: Communicator { parts.session.communicator }
    private var options: TrainingOptions { parts.session.options }
    private var replica: Replica { parts.replica }

    init(
        _ parts: RunParts, _ writer: CheckpointWriter?, _ observers: [any RunObserver], _ epochStart: EpochStart?,
        resumedFrom: String?
    ) {
        self.parts = parts
        self.epochStart = epochStart
        self.writer = writer
        self.observers = observers
        lastWhole = resumedFrom
    }

    /// Since the last checkpoint was composed, or the run began.
    var secondsSinceSave: Double { (ContinuousClock.now - lastSave) / .seconds(1) }

    func isDue(afterStep step: Int) -> Bool { options.checkpointEverySteps.map { step % $0 == 0 } ?? false }
    func isDue(afterEpoch epoch: Int) -> Bool { epoch % options.checkpointEveryEpochs == 0 }

    /// Collective: gathers the optimizer's slots, and has rank 0 compose a file, which is written while the run goes on. Waits
    /// for the checkpoint before, so that only one file lies in memory.
    func save(_ progress: RunProgress, _ coordinator: Coordinator, as roles: CheckpointStore.Role) throws {
        try finish()
        let begin = ContinuousClock.now
        lastSave = begin
        let position = progress.position
        let step = position.globalStep
        let tensors = RunTensors(communicator, replica, parts.update, hasAverage: hasAverage(progress))
        try communicator.together {
            try refusingNonFinite(after: step) { try tensors.requireFiniteSlots() }
        }
        // Between two epochs the state is its own start.
        let start =
            position.step == 0
            ? nil : epochStart.map { RunTensors(communicator, replica, $0, parts.update.optimizer) }
        let composed =
            communicator.rank == 0
            ? Result {
                try CheckpointCodec.compose(state(progress, coordinator), tensors: tensors, epochStart: start)
            } : nil
        try tensors.finish()
        try start?.finish()
        try communicator.onRoot {
            guard let composed, let writer else { return }
            let image = try refusingNonFinite(after: step) { try composed.get() }
            try communicator.watch.during(.saving) {
                for observer in observers { try observer.checkpointIsDue() }
                try writer.begin(image, globalStep: step, as: roles)
            }
        }
        let folder = options.output ?? TrainingRun.defaultOutput
        let name = roles.contains(.step) ? CheckpointStore.stepName(step) : CheckpointStore.bestName
        pending = Pending(
            path: "\(folder)/\(name)", position: position, roles: roles,
            seconds: (ContinuousClock.now - begin) / .seconds(1))
        // A folder that takes no checkpoint shows it before anything is computed.
        if step == 0 { try finish() }
    }

    /// Which optimizer slot of which rank would keep the state from being saved, in a sentence; nil if all are finite. The same
    /// on all ranks. Collective.
    func nonFiniteSlot(afterStep step: Int) throws -> String? {
        var reason: [UInt8] = []
        do {
            try RunTensors(communicator, replica, parts.update, hasAverage: false).requireFiniteSlots()
        } catch {
            reason = Array(error.reason.utf8)
        }
        let reasons = try communicator.allGather(reason)
        return reasons.first { !$0.isEmpty }.map { "\(String(decoding: $0, as: UTF8.self)) after step \(step)." }
    }

    /// Collective: finishes the checkpoint that is being written if it is done by now.
    func advance() throws {
        guard pending != nil else { return }
        let isIdle: [UInt8] = writer?.isIdle ?? true ? [1] : [0]
        if try communicator.broadcast(isIdle, from: 0) == [1] { try finish() }
    }

    /// Collective: waits for the checkpoint that is being written, and tells observers of it. Throws on all ranks if it could
    /// not be saved.
    func finish() throws {
        guard let pending else { return }
        self.pending = nil
        try communicator.onRoot {
            guard let saved = try communicator.watch.during(.saving, { try writer?.finish() }) else { return }
            let event = CheckpointSaved(
                path: saved.path, roles: pending.roles, epoch: pending.position.epoch,
                step: pending.position.globalStep, seconds: pending.seconds, bytes: saved.bytes)
            for observer in observers { try observer.checkpointSaved(event) }
        }
        lastWhole = pending.path
    }

    /// The run ends with an error. What is being written is written to its end first.
    func abandon() { _ = try? writer?.finish() }

    /// Whether the model has the average of weights by now.
    private func hasAverage(_ progress: RunProgress) -> Bool {
        options.average?.exists(afterEpochs: progress.position.epoch) ?? false
    }

    /// The state without weights and slots.
    private func state(_ progress: RunProgress, _ coordinator: Coordinator) throws -> RunState {
        var state = RunState(
            network: replica.network, loss: replica.loss, weights: [], optimizer: optimizerState(progress))
        state.position = progress.position
        if hasAverage(progress) { state.otherWeights[.training] = [] }
        if parts.update.slow != nil { state.otherWeights[.slow] = [] }
        state.coordinator = String(decoding: try coordinator.state(), as: UTF8.self)
        state.history = progress.history
        state.overrides = progress.overrides
        state.epochSums = progress.epochSums
        if progress.position.step > 0 {
            state.epochStart = epochStart.map {
                RunState.EpochStart(weights: [], slots: [], learningRate: Double($0.learningRate))
            }
        }
        state.options = Dictionary(uniqueKeysWithValues: options.semantic.map { ($0.name, $0.value) })
        state.dataFingerprint = parts.data.fingerprint
        state.normalization = parts.data.normalization.description
        state.samplesAreDecoded = parts.data.training.dataset.isEncoded
        state.initialWeights = parts.initialWeights
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
            learningRate: Double(progress.learningRate), iteration: progress.position.globalStep - parts.earlierSteps,
            slots: optimizer.slots.map { OptimizerState.Slot(name: $0.name, values: []) })
    }

    /// Loads the weights and slots of a checkpoint.
    static func restore(_ state: RunState, _ replica: Replica, _ update: ParameterUpdate) throws {
        try replica.setWeights(state.trainedWeights)
        try restore(state.optimizer.slots, replica, to: update.slots)
        if let average = update.average { try restore(state.weights, replica, to: average) }
        if let slow = update.slow, let values = state.otherWeights[.slow] { try restore(values, replica, to: slow) }
    }

    /// Loads weights into the parts that this rank owns.
    private static func restore(_ weights: [[Float]], _ replica: Replica, to arena: OwnedArena) throws {
        let packed = AlignedBuffer<Float>(count: replica.arena.count)
        try replica.pack(weights, into: packed)
        arena.store(UnsafeBufferPointer(packed[0..<replica.arena.gradientCount]), at: 0)
    }

    /// Loads the values of slots into the parts that this rank owns.
    static func restore(_ slots: [OptimizerState.Slot], _ replica: Replica, to arenas: [OwnedArena]) throws {
        for (parameter, place) in replica.network.trainableIndices.enumerated() {
            let slice = replica.arena[parameter: place]
            let packed = AlignedBuffer<Float>(count: slice.range.count)
            for (slot, arena) in zip(slots, arenas) {
                packed.elements.update(repeating: arena.initialValue)
                try replica.pack(slot.values[parameter], place, into: packed.baseAddress)
                arena.store(UnsafeBufferPointer(packed.elements), at: slice.offset)
            }
        }
    }
}
