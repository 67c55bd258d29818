import Basics
import Checkpoints
import DataPipeline
import Execution
import FoundationEssentials
import MessagePassing
import Models
import Optimization
import Reporting

/// One run of training, from options to an outcome: opens the data, reads what a resumed run takes from its checkpoint,
/// compares what must be equal on all ranks, plans, and trains.
public final class TrainingRun {
    /// Makes the engine of a name.
    public typealias EngineMaker = (TrainingOptions.EngineName) throws -> any Engine

    /// Where a run's output goes if `--output` does not say.
    public static let defaultOutput = "output"

    private let request: RunRequest
    private let communicator: Communicator
    private let makeEngine: EngineMaker
    private let observers: [any RunObserver]

    /// `observers` are told of events in addition to the console and the log.
    public init(
        _ request: RunRequest, _ communicator: Communicator, observers: [any RunObserver] = [],
        engines: @escaping EngineMaker
    ) {
        self.request = request
        self.communicator = communicator
        self.observers = observers
        makeEngine = engines
    }

    /// Collective.
    public func execute() throws -> RunOutcome {
        // A rank that resumes would wait for a checkpoint that the others do not send.
        try communicator.agree(on: [SharedFact("--resume", request.resume.description)])
        let folder = request.options.output ?? Self.defaultOutput
        // A run that writes to the folder deletes and renames its files.
        let lock = try communicator.onRoot {
            request.resume == .latest && FileManager.default.fileExists(atPath: folder)
                ? try OutputLock(folder: folder) : nil
        }
        let resumed = try ResumedState(request, communicator)
        let options = resumed.options
        try options.validate(ranks: communicator.size)
        let data = try communicator.together { try RunData(options) }
        let definition = try communicator.together {
            try ModelDefinition(options, data, resumed: resumed.state)
        }
        let engine = try communicator.together { try makeEngine(options.engine) }
        try resumed.requireSame(data, definition)
        let parts = try RunParts(options, data, definition, engine, communicator, resumed: resumed.state)
        try agree(options, data, definition, engine, parts)
        return try train(options, data, definition, engine, resumed, parts, lock ?? nil)
    }

    /// Before the first step the ranks compare what must be equal, and say who differs.
    private func agree(
        _ options: TrainingOptions, _ data: RunData, _ definition: ModelDefinition, _ engine: any Engine,
        _ parts: RunParts
    ) throws {
        var facts = options.semantic.map { SharedFact("option --\($0.name)", $0.value) }
        // These do not change what is computed, but they change when the ranks exchange messages.
        facts += [
            "epochs", "checkpoint-every-steps", "checkpoint-every-epochs", "bucket-size", "trace", "trace-steps",
        ].map {
            SharedFact("option --\($0)", options.text(of: $0) ?? "none")
        }
        facts += [
            SharedFact("dptrain version", Release.version), SharedFact("MPI library", Communicator.libraryVersion),
            SharedFact("engine", engine.description), SharedFact("data fingerprint", data.fingerprint),
            SharedFact("model", definition.network.name), SharedFact("loss", definition.loss.description),
            SharedFact("model configuration", digestOf: try definition.network.kerasModel.text()),
            SharedFact("arena layout", digestOf: parts.replica.arena.digest),
            SharedFact("weights at the start", digestOf: parts.replica.parameters),
        ]
        try communicator.agree(on: facts)
    }

    // MARK: Training

    private func train(
        _ options: TrainingOptions, _ data: RunData, _ definition: ModelDefinition, _ engine: any Engine,
        _ resumed: ResumedState, _ parts: RunParts, _ lock: OutputLock?
    ) throws -> RunOutcome {
        let countsCorrect = data.targetKind == .label
        var coordinator = try options.coordinator(
            stepsPerEpoch: parts.stepsPerEpoch,
            metrics: EpochMetrics.names(accuracy: countsCorrect, validation: data.validation != nil))
        let progress: RunProgress
        if let state = resumed.state {
            try coordinator.restore(Array(state.coordinator.utf8))
            progress = RunProgress(resuming: state, countsCorrect: countsCorrect)
        } else {
            progress = RunProgress(firstRate: coordinator.rates(epoch: 0)[0], countsCorrect: countsCorrect)
        }
        let output = try communicator.onRoot { try RunOutput(options, request, resumed, lock) }
        let identity = RunIdentity(
            fingerprint: data.fingerprint, normalization: data.normalization.description, classNames: data.classNames,
            execution: Self.execution(options, engine))
        if let output {
            output.console.show(
                banner(
                    options, data, definition, engine, resumed, parts,
                    data.warnings + coordinator.warnings + parts.replica.remarks))
        }
        let trace = try parts.trace(options, communicator)
        let step = try parts.step(options, communicator, trace)
        let checkpoints = Checkpointing(
            communicator, parts.replica, parts.update, options, identity, output)
        var evaluator: Evaluator?
        if let validation = data.validation, let input = data.validationInput {
            evaluator = try Evaluator(
                parts.replica, validation, batch: options.batchSize, steps: options.validationSteps,
                SampleLoader(input), communicator, parts.partition)
        }
        var trainer = Trainer(
            communicator: communicator, options: options, sampler: parts.sampler, stepsPerEpoch: parts.stepsPerEpoch,
            train: data.train, transforms: data.input.transforms, step: step, evaluator: evaluator,
            reducer: parts.reducer,
            penalty: try Penalty(l2: options.l2, parts.replica, communicator), checkpoints: checkpoints,
            observers: (output.map { [$0.console, $0.log] } ?? []) + observers, trace: trace, coordinator: coordinator,
            progress: progress)
        let outcome: RunOutcome
        do {
            outcome = try trainer.run()
            try trace?.finish()
        } catch {
            trace?.abandon()
            throw error
        }
        if let summary = trace?.summary { output?.console.note(summary) }
        output?.end(outcome, trainer.progress)
        return outcome
    }

    /// What results depend on beyond options: recorded, and compared on resume.
    static func execution(_ options: TrainingOptions, _ engine: any Engine) -> [String: String] {
        [
            "engine": engine.description, "threads": "\(options.threads)", "precision": options.precision.rawValue,
            "version": Release.version,
        ]
    }

    private func banner(
        _ options: TrainingOptions, _ data: RunData, _ definition: ModelDefinition, _ engine: any Engine,
        _ resumed: ResumedState, _ parts: RunParts, _ warnings: [String]
    ) -> RunBanner {
        var warnings = resumed.warnings(Self.execution(options, engine)) + warnings
        if let caveat = options.reduction.type.caveat {
            warnings.append("--reduction \(options.reduction.rawValue): \(caveat)")
        }
        let smallest = options.batchSize / options.shards
        if definition.network.hasBatchNormalization, options.batchNorm == .shard, options.shards > 1, smallest < 8 {
            warnings.append(
                "batch normalisation sees only \(smallest) samples a shard; use --batch-norm global, fewer --shards, "
                    + "or a larger --batch-size")
        }
        return RunBanner(
            model: definition.network.name, totalParameters: definition.network.parameterCount,
            trainableParameters: definition.network.trainableParameterCount, data: data.description,
            validation: data.explanation, ranks: communicator.size, threads: options.threads,
            memory: parts.memory.description, engine: engine.description, shards: options.shards,
            batchSize: options.batchSize, precision: options.precision.rawValue,
            optimizer: options.optimizer.kind.type.kerasClass,
            output: options.output ?? Self.defaultOutput, resumed: resumed.explanation, warnings: warnings)
    }
}
