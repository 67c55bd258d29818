import Basics
import DataPipeline
import MessagePassing
import Models
import Optimization
import Reporting

/// One run of training, from options to an outcome: opens the data, reads what a resumed run takes from its checkpoint,
/// compares what must be equal on all ranks, plans, and trains.
public final class TrainingRun {
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
        let resumed = try ResumedState(request, communicator)
        let session = try Session(resumed.options, communicator, engines: makeEngine)
        let parts = try RunParts(session, resumed: resumed)
        return try train(parts, resumed)
    }

    // MARK: Training

    private func train(_ parts: RunParts, _ resumed: ResumedState) throws -> RunOutcome {
        let (session, data) = (parts.session, parts.data)
        let options = session.options
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
        let output = try communicator.onRoot { try RunOutput(options, request, resumed) }
        if let output {
            output.console.show(banner(parts, resumed, coordinator.warnings + parts.replica.remarks))
        }
        let watch = try StallWatch(rank: communicator.rank)
        let trace = try parts.trace()
        let step = try parts.step(watch, trace)
        let evaluator = try data.validation.map {
            try Evaluator(session, parts.replica, $0, steps: options.validationSteps, watch)
        }
        var trainer = Trainer(
            parts: parts, step: step, evaluator: evaluator,
            penalty: try Penalty(l2: options.l2, parts.replica, communicator),
            checkpoints: Checkpointing(parts, output, watch),
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

    private func banner(_ parts: RunParts, _ resumed: ResumedState, _ warnings: [String]) -> RunBanner {
        let (session, data, network) = (parts.session, parts.data, parts.network)
        let options = session.options
        var warnings = resumed.warnings(session.execution) + warnings
        if let caveat = options.reduction.type.caveat {
            warnings.append("--reduction \(options.reduction.rawValue): \(caveat)")
        }
        let smallest = options.batchSize / options.shards
        if network.hasBatchNormalization, options.batchNorm == .shard, options.shards > 1, smallest < 8 {
            warnings.append(
                "batch normalisation sees only \(smallest) samples a shard; use --batch-norm global, fewer --shards, "
                    + "or a larger --batch-size")
        }
        return RunBanner(
            model: network.name, totalParameters: network.parameterCount,
            trainableParameters: network.trainableParameterCount, data: data.description,
            validation: data.explanation, ranks: communicator.size, threads: options.threads,
            memory: parts.memory.description, engine: session.engine.description, shards: options.shards,
            batchSize: options.batchSize, precision: options.precision.rawValue,
            optimizer: options.optimizer.kind.type.kerasClass,
            output: options.output ?? Self.defaultOutput, resumed: resumed.explanation, warnings: warnings)
    }
}
