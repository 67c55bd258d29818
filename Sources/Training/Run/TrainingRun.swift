import DataPipeline
import Execution
import Foundation
import MessagePassing
import Models
import NumericCore

/// One run of training, from options to an outcome: opens data, settles what a resumed run takes from its checkpoint,
/// has the ranks compare what must be equal, plans, and trains.
public final class TrainingRun {
    /// Makes the engine of a name.
    public typealias EngineMaker = (TrainingOptions.EngineName) throws -> any Engine

    /// Where a run's output goes if `--output` does not say.
    public static let defaultOutput = "output"

    private let request: RunRequest
    private let communicator: Communicator
    private let makeEngine: EngineMaker
    private let observers: [any RunObserver]

    /// `observers` look on besides the console and the log.
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
        // A rank that resumes waits for a checkpoint that others would not send.
        try communicator.agree(on: [SharedFact("--resume", request.resume.description)])
        let resumed = try ResumedState(request, communicator)
        let options = resumed.options
        try options.validate()
        guard communicator.size <= options.shards else {
            throw TrainingError(
                "\(communicator.size) ranks share only \(options.shards) shards, and a rank without a shard has nothing to do; "
                    + "start at most \(options.shards) ranks, or choose --shards \(communicator.size) or more")
        }
        let data = try communicator.together { try RunData(options) }
        let definition = try communicator.together {
            try ModelDefinition(options, data, resumed: resumed.state)
        }
        let engine = try communicator.together { try makeEngine(options.engine) }
        try resumed.requireSame(data, definition)
        let parts = try makeParts(options, data, definition, engine, resumed)
        try agree(options, data, definition, engine, parts)
        return try train(options, data, definition, engine, resumed, parts)
    }

    // MARK: Planning

    private struct Parts {
        let partition: ShardPartition
        let sampler: Sampler
        let stepsPerEpoch: Int
        let replica: Replica
        let reducer: Reducer
        let update: ParameterUpdate
        let loader: SampleLoader
    }

    private func makeParts(
        _ options: TrainingOptions, _ data: RunData, _ definition: ModelDefinition, _ engine: any Engine,
        _ resumed: ResumedState
    ) throws -> Parts {
        let partition = ShardPartition(shards: options.shards, ranks: communicator.size)
        let sampler = Sampler(
            data.train, batch: options.batchSize, shards: options.shards, seed: options.shuffle ? options.seed : nil)
        let replica = try communicator.together {
            let replica = try Replica(
                definition.network, loss: definition.loss, engine: engine,
                demand(options, data, sampler, partition))
            try replica.setWeights(try resumed.state?.weights ?? definition.initialWeights(options))
            return replica
        }
        let buckets = BucketPlan(
            count: replica.arena.gradientCount,
            cuts: replica.arena.slices.filter { $0.role != .frozen }.map(\.offset).filter { $0 > 0 },
            ranks: communicator.size)
        // The update needs to know what the reducer gives this rank, and the reducer whom to call.
        let cell = UpdateCell()
        let reducer = try Reducer(
            communicator: communicator, partition: partition, buckets: buckets, parameters: replica.parameters,
            gradientLevels: replica.gradientLevels, mode: options.reduction == .tree ? .tree : .allReduce
        ) { range, gradient in cell.update?.apply(range, gradient: gradient) }
        let update = ParameterUpdate(
            options.algorithm, l2: Float(options.l2), replica, owned: reducer.ownedRanges)
        cell.update = update
        if let state = resumed.state { try Checkpointing.restore(state, replica, update) }
        return Parts(
            partition: partition, sampler: sampler,
            stepsPerEpoch: min(options.stepsPerEpoch ?? sampler.steps, sampler.steps), replica: replica,
            reducer: reducer, update: update, loader: data.loader(definition))
    }

    private final class UpdateCell {
        var update: ParameterUpdate?
    }

    /// Sizes of all shards that this rank will meet.
    private func demand(
        _ options: TrainingOptions, _ data: RunData, _ sampler: Sampler, _ partition: ShardPartition
    ) -> Replica.Demand {
        let mine = partition.shards(of: communicator.rank)
        var demand = Replica.Demand()
        // One shard sees the whole batch: its statistics are the global ones.
        demand.batchNormalization = options.shards == 1 ? .shard : options.batchNorm
        demand.targets = data.targets
        demand.training = Self.sizes(sampler, options.shards)
        if let validation = data.validation {
            let batches = Sampler(validation, batch: options.batchSize, shards: options.shards, seed: nil)
            demand.evaluation = Self.sizes(batches, options.shards)
        }
        demand.levels = Reducer.levelCount(partition: partition, rank: communicator.rank)
        demand.shards = mine.count
        return demand
    }

    /// The sizes of shards of all batches. All ranks plan for all of them, so that all have the same arena.
    static func sizes(_ sampler: Sampler, _ shards: Int) -> Set<Int> {
        Set([0, sampler.steps - 1].flatMap { step in (0..<shards).map { sampler.count(step: step, shard: $0) } })
    }

    /// Before the first step the ranks compare what must be equal, and say who differs.
    private func agree(
        _ options: TrainingOptions, _ data: RunData, _ definition: ModelDefinition, _ engine: any Engine, _ parts: Parts
    ) throws {
        var facts = options.semantic.map { SharedFact("option --\($0.name)", $0.value) }
        facts += [
            SharedFact("dptrain version", Release.version), SharedFact("MPI library", Communicator.libraryVersion),
            SharedFact("engine", engine.description), SharedFact("data fingerprint", data.fingerprint),
            SharedFact("epochs", "\(options.epochs)"),
            SharedFact("model", try definition.network.kerasModel.text()), SharedFact("loss", definition.loss.rawValue),
            SharedFact("arena layout", parts.replica.arena.digest),
        ]
        try communicator.agree(on: facts)
    }

    // MARK: Training

    private func train(
        _ options: TrainingOptions, _ data: RunData, _ definition: ModelDefinition, _ engine: any Engine,
        _ resumed: ResumedState, _ parts: Parts
    ) throws -> RunOutcome {
        let countsCorrect = data.targets == .label
        var coordinator = try options.coordinator(
            stepsPerEpoch: parts.stepsPerEpoch,
            metrics: EpochMetrics.names(accuracy: countsCorrect, validation: data.validation != nil))
        let progress: RunProgress
        if let state = resumed.state {
            try coordinator.restore(Array(state.coordinator.utf8))
            progress = RunProgress(resuming: state, countsCorrect: countsCorrect)
        } else {
            progress = RunProgress(countsCorrect: countsCorrect)
        }
        let output = try communicator.onRoot { try RunOutput(options, request, resumed.state) }
        let identity = RunIdentity(
            fingerprint: data.fingerprint, normalization: data.normalization.description, classNames: data.classNames,
            execution: Self.execution(options, engine))
        if let output {
            output.console.show(
                banner(options, data, definition, engine, resumed, coordinator.warnings + parts.replica.remarks))
        }
        let watch = StallWatch(rank: communicator.rank)
        let step = TrainingStep(
            parts.replica, parts.reducer, parts.update, parts.loader, communicator,
            TrainingStep.Settings(seed: options.seed, weightDecay: Float(options.weightDecay)), watch)
        let checkpoints = Checkpointing(
            communicator, parts.replica, parts.reducer, parts.update, options, identity, output, watch)
        let evaluator = data.validation.map {
            Evaluator(
                parts.replica, $0, batch: options.batchSize, steps: options.validationSteps, parts.loader, communicator,
                parts.partition, watch)
        }
        let trainer = Trainer(
            TrainerParts(
                communicator: communicator, options: options, sampler: parts.sampler,
                stepsPerEpoch: parts.stepsPerEpoch, train: data.train, step: step, evaluator: evaluator,
                reducer: parts.reducer, penalty: Penalty(l2: options.l2, parts.replica), checkpoints: checkpoints,
                observers: (output.map { [$0.console, $0.log] } ?? []) + observers, coordinator: coordinator,
                progress: progress))
        let outcome = try trainer.run()
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
        _ resumed: ResumedState, _ warnings: [String]
    ) -> RunBanner {
        var warnings = resumed.warnings(Self.execution(options, engine)) + warnings
        if options.reduction == .allreduce {
            warnings.append("--reduction allreduce: the result depends on the number of ranks")
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
            engine: engine.description, shards: options.shards, batchSize: options.batchSize,
            precision: options.precision.rawValue, optimizer: options.algorithm.kerasClassName,
            output: options.output ?? Self.defaultOutput, resumed: resumed.explanation, warnings: warnings)
    }
}

/// What a trainer is made of.
struct TrainerParts {
    let communicator: Communicator
    let options: TrainingOptions
    let sampler: Sampler
    let stepsPerEpoch: Int
    let train: ImageDataset
    let step: TrainingStep
    let evaluator: Evaluator?
    let reducer: Reducer
    let penalty: Penalty
    let checkpoints: Checkpointing
    let observers: [any RunObserver]
    let coordinator: Coordinator
    let progress: RunProgress
}
