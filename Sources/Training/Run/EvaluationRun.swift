import DataPipeline
import Execution
import MessagePassing
import Models
import NumericCore

/// Evaluates a trained model on a split of a data file, or has it predict. Results are the same bits on any number of
/// ranks.
public final class EvaluationRun {
    private let request: EvaluationRequest
    private let communicator: Communicator
    private let makeEngine: TrainingRun.EngineMaker

    public init(
        _ request: EvaluationRequest, _ communicator: Communicator, engines: @escaping TrainingRun.EngineMaker
    ) {
        self.request = request
        self.communicator = communicator
        makeEngine = engines
    }

    /// Loss, accuracy and top-5 accuracy. Collective: all ranks get the same.
    public func evaluate() throws -> EvaluationResult {
        let (model, options, data) = try open()
        let loss = try communicator.together {
            let loss = try model.loss(on: data.dataset)
            try data.requireAnswers(for: model, loss)
            return loss
        }
        let (replica, evaluator) = try prepare(model, options, data, loss, .evaluation)
        let start = ContinuousClock.now
        let sums = try evaluator.evaluate()
        let seconds = (ContinuousClock.now - start) / .seconds(1)
        let count = Double(sums.samples)
        let isClassifier = data.dataset.targets == .label
        return EvaluationResult(
            loss: (sums.loss + Penalty(l2: options.l2, replica).value() * count) / count,
            accuracy: isClassifier ? Double(sums.correct) / count : nil,
            top5: isClassifier && model.network.outputShape.count > 1 ? Double(sums.correctInTop5) / count : nil,
            samples: sums.samples, split: data.dataset.split, samplesPerSecond: count / seconds)
    }

    /// Writes the network's outputs for all samples, in the data's order. Collective.
    public func predict(to path: String, overwrite: Bool) throws -> PredictionSummary {
        let output = PredictionFile(path: path)
        _ = try communicator.onRoot {
            try output.check(overwrite: overwrite, sparing: [request.model, request.data])
        }
        let (model, options, data) = try open()
        // This loss absorbs no activation: the outputs are the network's own.
        let (_, evaluator) = try prepare(model, options, data, .meanSquaredError, .prediction)
        let width = model.network.outputShape.count
        let start = ContinuousClock.now
        let rows = try communicator.gather(evaluator.predict(width: width))
        let seconds = (ContinuousClock.now - start) / .seconds(1)
        _ = try communicator.onRoot {
            try output.write(
                Array(rows.joined()), width: width, of: data.dataset, model.network.decision,
                classNames: model.classNames)
        }
        let count = data.dataset.count
        return PredictionSummary(
            samples: count, outputs: width, split: data.dataset.split, samplesPerSecond: Double(count) / seconds)
    }

    // MARK: Set-up

    /// Rank 0 reads the model, so that only it needs the file; all ranks open the data.
    private func open() throws -> (EvaluationModel, TrainingOptions, EvaluationData) {
        let bytes = try communicator.onRoot { try CheckpointFile.bytes(request.model) }
        let all = try communicator.broadcast(bytes ?? [], from: 0)
        let model = try communicator.together { try EvaluationModel(all, file: request.model) }
        let options = request.options(over: model.options)
        try options.validate(ranks: communicator.size)
        let data = try communicator.together { try EvaluationData(request, options, model) }
        return (model, options, data)
    }

    private func prepare(
        _ model: EvaluationModel, _ options: TrainingOptions, _ data: EvaluationData, _ loss: Loss,
        _ purpose: Plan.Purpose
    ) throws -> (Replica, Evaluator) {
        let partition = ShardPartition(shards: options.shards, ranks: communicator.size)
        let sampler = Sampler(data.dataset, batch: options.batchSize, shards: options.shards, seed: nil)
        var demand = Replica.Demand()
        demand.precision = options.precision
        demand.targets = data.dataset.targets
        let sizes = sampler.shardSizes
        if purpose == .prediction { demand.prediction = sizes } else { demand.evaluation = sizes }
        demand.shards = partition.shards(of: communicator.rank).count
        let engine = try communicator.together { try makeEngine(options.engine) }
        let replica = try communicator.together {
            let replica = try Replica(model.network, loss: loss, engine: engine, demand)
            try replica.setWeights(model.weights)
            return replica
        }
        try communicator.agree(on: [
            SharedFact("dptrain version", Release.version), SharedFact("MPI library", Communicator.libraryVersion),
            SharedFact("engine", engine.description), SharedFact("data fingerprint", data.fingerprint),
            SharedFact("split", data.dataset.split.rawValue),
            SharedFact("normalization", data.normalization.description),
            SharedFact("option --batch-size", "\(options.batchSize)"),
            SharedFact("option --shards", "\(options.shards)"),
            SharedFact("option --precision", options.precision.rawValue),
            SharedFact("arena layout", digestOf: replica.arena.digest),
            SharedFact("weights", digestOf: replica.parameters),
        ])
        let evaluator = try Evaluator(
            replica, data.dataset, batch: options.batchSize, steps: nil, data.loader, communicator, partition,
            StallWatch(rank: communicator.rank))
        return (replica, evaluator)
    }
}
