import Basics
import Checkpoints
import Execution
import Lowering
import MessagePassing
import Models
import Options
import Reduction
import Sessions

/// Evaluates a trained model on a split of a data file, or has it predict. Results are the same bits on any number of
/// ranks.
public final class EvaluationRun {
    private let request: EvaluationRequest
    private let communicator: Communicator
    private let makeEngine: EngineMaker
    /// The data file as the last model took it.
    private var opened: EvaluationData.OpenedFile?
    /// Beyond this many, what was taken for what is counted only if it is asked for: it takes 8 bytes a pair of classes.
    private static let mostClasses = 2_000

    public init(
        _ request: EvaluationRequest, _ communicator: Communicator, engines: @escaping EngineMaker
    ) {
        self.request = request
        self.communicator = communicator
        makeEngine = engines
    }

    /// Loss, accuracy, top-5 accuracy and confusion of the first model. Collective: all ranks get the same.
    public func evaluate() throws -> EvaluationResult {
        let (model, session, data) = try open(request.models[0])
        let loss = try communicator.together {
            let loss = try model.loss(on: data.dataset)
            try data.requireTargets(for: model, loss)
            if request.countsConfusion, !data.hasLabels {
                throw OptionError(
                    "confusion", "a confusion matrix needs classes, but \(request.data) has target values")
            }
            return loss
        }
        if request.testTimeAugmentation != nil { return try evaluateViews(model, session, data, loss) }
        let kind = data.source.targetKind(for: loss)
        let measuresOutputs = request.measuresOutputs && !model.network.heads.isEmpty
        let (replica, evaluator) = try prepare(
            model, session, data, loss, [.evaluation] + (measuresOutputs ? [.prediction] : []))
        let isClassifier = kind == .label || kind == .shares
        let outputs = model.network.outputShape.count
        let isCounted = data.dataset.targetKind == .label && max(outputs, 2) <= Self.mostClasses
        let isWanted = isCounted || (request.countsConfusion && model.network.heads.isEmpty)
        let confusion = isWanted ? ConfusionCounts(outputs: outputs) : nil
        let places = OutputPlace.all(of: model.network, loss, kind)
        let hasErrors = places.count == 1 && places[0].hasErrors
        let errors = hasErrors ? RegressionSums(outputs: outputs, shards: session.shards) : nil
        let start = ContinuousClock.now
        let sums = try evaluator.evaluate { batch, plan, shard in
            confusion?.add(
                plan.output, labels: batch.labels, count: batch.count, rule: plan.plan.predictionRule)
            errors?.add(batch, plan, shard: shard)
        }
        let seconds = (ContinuousClock.now - start) / .seconds(1)
        let count = Double(sums.samples)
        var heads = zip(HeadMetrics.all(of: model.network, loss, kind), sums.heads).map { head, own in
            let means = head.means(of: own, samples: sums.samples)
            return EvaluationResult.Output(name: head.name, loss: means.loss, accuracy: means.accuracy)
        }
        if measuresOutputs {
            let rows = try evaluator.predict(width: model.network.outputCount)
            let all = try measure(Array(communicator.gather(rows).joined()), model, data, loss)
            for (number, (_, own)) in all.enumerated() {
                (heads[number].top5, heads[number].confusion, heads[number].errors) = (
                    own.top5, own.confusion, own.errors
                )
            }
        }
        let penalty = try Penalty(session.options.penalties(of: replica.network), replica, communicator)
        penalty.measure()
        return EvaluationResult(
            loss: try (sums.loss + penalty.value() * count) / count,
            accuracy: kind == .values || !heads.isEmpty
                ? nil : Double(sums.correct) / count / Double(kind == .flags ? outputs : 1),
            top5: isClassifier && outputs > 1 ? Double(sums.correctInTop5) / count : nil,
            confusion: try confusion?.combined(
                communicator, classNames: model.classNames.isEmpty ? data.dataset.classNames ?? [] : model.classNames),
            errors: try errors?.combined(communicator, targets: data.dataset.targets.values), outputs: heads,
            samples: sums.samples, notes: model.notes(on: data.normalization), split: data.dataset.split,
            samplesPerSecond: count / seconds)
    }

    /// The network's outputs for all samples, in the data's order; of several models their mean. They are written to
    /// `path`, if that is not nil; where they are to be ranked, outputs that are no scores of classes are refused.
    /// Collective.
    public func predict(to path: String?, overwrite: Bool, ranksClasses: Bool = false) throws -> Predictions {
        let output = path.map { PredictionFile(path: $0) }
        _ = try communicator.onRoot {
            try output?.check(overwrite: overwrite, sparing: request.models + [request.data])
        }
        let (first, session, data) = try open(request.models[0])
        let meaning = first.meaning(on: data.dataset)
        try communicator.together {
            guard ranksClasses, meaning == .values, !first.heads(on: data.dataset).contains(where: \.isOfClasses) else {
                return
            }
            throw OptionError(
                "top",
                "the outputs of \(first.file) are values (regression), not scores of classes; write them with "
                    + "--output, which prints those of up to 20 samples too")
        }
        var (sum, time) = try outputs(of: first, session, data)
        for path in request.models.dropFirst() {
            let (model, session, own) = try open(path)
            try communicator.together {
                try model.requireOutputs(like: first)
                guard own.dataset.rows == data.dataset.rows else {
                    throw FileError(
                        .content, file: path, "its run kept back other rows than that of \(first.file)",
                        remedy: "average models on the same samples: name another --split")
                }
            }
            let next = try outputs(of: model, session, own)
            for (i, value) in next.values.enumerated() { sum[i] += value }
            time += next.time
        }
        let count = Float(request.models.count)
        let predictions = Predictions(
            split: data.dataset.split, samples: data.dataset.count, outputs: first.network.outputCount,
            heads: first.heads(on: data.dataset),
            samplesPerSecond: Double(data.dataset.count) / (time / .seconds(1)),
            values: count > 1 ? sum.map { $0 / count } : sum, meaning: meaning, decision: first.network.decision,
            classNames: first.classNames.isEmpty ? data.dataset.classNames ?? [] : first.classNames,
            dataset: data.dataset, targets: data.dataset.targets)
        _ = try communicator.onRoot { try output?.write(predictions, of: data.dataset) }
        return predictions
    }

    /// The same of the mean of the outputs for several views. Rank 0 has the outputs, and tells the others.
    private func evaluateViews(
        _ model: EvaluationModel, _ session: Session, _ data: EvaluationData, _ loss: Loss
    ) throws -> EvaluationResult {
        let (rows, time) = try outputs(of: model, session, data)
        let outputs = try measure(rows, model, data, loss)
        let own = outputs.count == 1 ? outputs[0].figures : nil
        return EvaluationResult(
            loss: outputs.reduce(0) { $0 + $1.weight * $1.figures.loss }, accuracy: own?.accuracy, top5: own?.top5,
            confusion: own?.confusion, errors: own?.errors, outputs: own == nil ? outputs.map(\.figures) : [],
            samples: data.dataset.count, notes: model.notes(on: data.normalization), split: data.dataset.split,
            samplesPerSecond: Double(data.dataset.count) / (time / .seconds(1)))
    }

    /// What rank 0's rows of outputs show of each of them. Collective: all ranks get the same.
    private func measure(
        _ rows: [Float], _ model: EvaluationModel, _ data: EvaluationData, _ loss: Loss
    ) throws -> [(weight: Double, figures: EvaluationResult.Output)] {
        let dataset = data.dataset
        let columns = OutputColumns.all(
            of: model.network, loss, data.source.targetKind(for: loss), dataset,
            classNames: model.classNames.isEmpty ? dataset.classNames ?? [] : model.classNames,
            mostClasses: request.countsConfusion ? .max : Self.mostClasses)
        let own = try communicator.onRoot {
            columns.flatMap { $0.sums(of: rows, width: model.network.outputCount, dataset.targets) }
        }
        var rest = try communicator.broadcast(own ?? [], from: 0)[...]
        return columns.map { column in
            defer { rest = rest.dropFirst(column.sumCount) }
            let figures = column.figures(rest.prefix(column.sumCount), dataset.targets, samples: dataset.count)
            return (column.weight, figures)
        }
    }

    /// A model's outputs on rank 0, [N, outputs], nothing on the others; and how long they took. Of several views it is their
    /// weighted mean. Collective.
    private func outputs(
        of model: EvaluationModel, _ session: Session, _ data: EvaluationData
    ) throws -> (values: [Float], time: Duration) {
        // This loss absorbs no activation: the outputs are the network's own.
        let (replica, evaluator) = try prepare(model, session, data, .meanSquaredError, [.prediction])
        let width = model.network.outputCount
        let start = ContinuousClock.now
        var rows: [Float]
        if data.views.isEmpty {
            rows = try evaluator.predict(width: width)
        } else {
            rows = []
            for view in data.views {
                let outputs = try Evaluator(session, replica, view.samples).predict(width: width)
                rows =
                    rows.isEmpty
                    ? outputs.map { $0 * view.weight } : zip(rows, outputs).map { $0 + $1 * view.weight }
            }
            let weight = data.views.reduce(0) { $0 + $1.weight }
            for i in rows.indices { rows[i] /= weight }
        }
        return (Array(try communicator.gather(rows).joined()), ContinuousClock.now - start)
    }

    // MARK: Set-up

    /// Rank 0 reads the model, so that only it needs the file; all ranks open the data.
    private func open(_ path: String) throws -> (EvaluationModel, Session, EvaluationData) {
        let bytes = try communicator.onRoot { try POSIXFileSystem().content(of: path) }
        let all = try communicator.broadcast(bytes ?? [], from: 0)
        var given = TrainingOptions()
        (given.inputSize, given.labels) = (request.inputSize, request.labels)
        let model = try communicator.together { try EvaluationModel(all, file: path, given) }
        let session = try Session(request.options(over: model.options), communicator, engines: makeEngine)
        let data = try communicator.together {
            try EvaluationData(request, session.options, model, readers: session.readers, after: opened)
        }
        opened = data.opened
        try communicator.agree(on: [
            SharedFact("data fingerprint", data.fingerprint), SharedFact("split", data.dataset.split.rawValue),
            SharedFact("normalization", data.normalization.description),
            SharedFact("views", request.testTimeAugmentation?.rawValue ?? "one"),
        ])
        return (model, session, data)
    }

    private func prepare(
        _ model: EvaluationModel, _ session: Session, _ data: EvaluationData, _ loss: Loss, _ purposes: [PlanPurpose]
    ) throws -> (Replica, Evaluator) {
        let work = Dictionary(purposes.map { ($0, data.source) }) { first, _ in first }
        let plan = try session.plan(model.network, loss, for: work)
        try session.requireMemory(for: session.memory(of: plan, for: work), of: model.network)
        let replica = try session.replica(plan) { model.weights }
        return (replica, try Evaluator(session, replica, data.source))
    }
}
