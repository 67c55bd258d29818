import Basics
import Checkpoints
import DataPipeline
import Execution
import MessagePassing
import Models
import Training

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

    /// Loss, accuracy, top-5 accuracy and confusion of the first model. Collective: all ranks get the same.
    public func evaluate() throws -> EvaluationResult {
        let (model, options, data) = try open(request.models[0])
        let loss = try communicator.together {
            let loss = try model.loss(on: data.dataset)
            try data.requireTargets(for: model, loss)
            if request.countsConfusion, data.dataset.targetKind != .label {
                throw OptionError("confusion", "there is none without classes: \(request.data) has target values")
            }
            return loss
        }
        let (replica, evaluator) = try prepare(model, options, data, loss, .evaluation)
        let isClassifier = data.dataset.targetKind == .label
        let outputs = model.network.outputShape.count
        let confusion = request.countsConfusion ? ConfusionCounts(outputs: outputs) : nil
        let start = ContinuousClock.now
        let sums = try evaluator.evaluate { confusion?.add($0, $1) }
        let seconds = (ContinuousClock.now - start) / .seconds(1)
        let count = Double(sums.samples)
        let penalty = try Penalty(l2: options.l2, replica, communicator)
        penalty.measure()
        return EvaluationResult(
            loss: try (sums.loss + penalty.value() * count) / count,
            accuracy: isClassifier ? Double(sums.correct) / count : nil,
            top5: isClassifier && outputs > 1 ? Double(sums.correctInTop5) / count : nil,
            confusion: try confusion?.combined(communicator, of: data.dataset, classNames: model.classNames),
            samples: sums.samples, split: data.dataset.split, samplesPerSecond: count / seconds)
    }

    /// The network's outputs for all samples, in the data's order; of several models their mean. They are written to
    /// `path`, if that is not nil; where they are to be ranked, outputs that are no scores of classes are refused.
    /// Collective.
    public func predict(to path: String?, overwrite: Bool, ranksClasses: Bool = false) throws -> Predictions {
        let output = path.map { PredictionFile(path: $0) }
        _ = try communicator.onRoot {
            try output?.check(overwrite: overwrite, sparing: request.models + [request.data])
        }
        let (first, options, data) = try open(request.models[0])
        let meaning = first.meaning(on: data.dataset)
        try communicator.together {
            guard ranksClasses, meaning == .values else { return }
            throw OptionError(
                "top",
                "the outputs of \(first.file) are values (regression), not scores of classes; write them with "
                    + "--output, which prints those of up to 20 samples too")
        }
        var (sum, time) = try outputs(of: first, options, data)
        for path in request.models.dropFirst() {
            let (model, options, data) = try open(path)
            try communicator.together { try model.requireOutputs(like: first) }
            let next = try outputs(of: model, options, data)
            for (i, value) in next.values.enumerated() { sum[i] += value }
            time += next.time
        }
        let count = Float(request.models.count)
        let predictions = Predictions(
            split: data.dataset.split, samples: data.dataset.count, outputs: first.network.outputShape.count,
            samplesPerSecond: Double(data.dataset.count) / (time / .seconds(1)),
            values: count > 1 ? sum.map { $0 / count } : sum, meaning: meaning, decision: first.network.decision,
            classNames: first.classNames.isEmpty ? data.dataset.classNames ?? [] : first.classNames,
            targets: data.dataset.targets)
        _ = try communicator.onRoot { try output?.write(predictions, of: data.dataset) }
        return predictions
    }

    /// A model's outputs on rank 0, [N, outputs], nothing on the others; and how long they took. Collective.
    private func outputs(
        of model: EvaluationModel, _ options: TrainingOptions, _ data: EvaluationData
    ) throws -> (values: [Float], time: Duration) {
        // This loss absorbs no activation: the outputs are the network's own.
        let (_, evaluator) = try prepare(model, options, data, .meanSquaredError, .prediction)
        let start = ContinuousClock.now
        let rows = try evaluator.predict(width: model.network.outputShape.count)
        return (Array(try communicator.gather(rows).joined()), ContinuousClock.now - start)
    }

    // MARK: Set-up

    /// Rank 0 reads the model, so that only it needs the file; all ranks open the data.
    private func open(_ path: String) throws -> (EvaluationModel, TrainingOptions, EvaluationData) {
        let bytes = try communicator.onRoot { try POSIXFileSystem().content(of: path) }
        let all = try communicator.broadcast(bytes ?? [], from: 0)
        let model = try communicator.together { try EvaluationModel(all, file: path) }
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
        var demand = ReplicaPlan.Demand()
        demand.precision = options.precision
        demand.targets = data.loader.input.output.targetKind
        let sizes = sampler.shardSizes
        if purpose == .prediction { demand.prediction = sizes } else { demand.evaluation = sizes }
        demand.shards = partition.shards(of: communicator.rank).count
        let engine = try communicator.together { try makeEngine(options.engine) }
        let plan = try communicator.together {
            try ReplicaPlan(model.network, loss: loss, engine: engine, demand)
        }
        var need = plan.memory
        need.reader = BatchReader.bytes(
            data.dataset, data.loader.input.transforms, sampler, shards: partition.shards(of: communicator.rank))
        need.libraries = MemoryNeed.libraries(for: model.network, ranks: communicator.size)
        _ = try NodeMemory.requireRoom(for: need, of: model.network.name, communicator)
        let replica = try communicator.together {
            let replica = Replica(plan)
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
            replica, data.dataset, batch: options.batchSize, steps: nil, data.loader, communicator, partition)
        return (replica, evaluator)
    }
}
