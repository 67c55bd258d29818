import Optimization
import DataPipeline
import Execution
import MessagePassing
import Options
import Reduction
import Reporting
import Sessions

/// What the weights come to on the samples of validation.
extension Trainer {
    struct Validation {
        let means: EpochMetrics.Means
        let scores: [String: Double]
        /// Where an observer wants it: of the only output, which has no name, or of each output of classes.
        let confusion: [(output: String?, matrix: ConfusionMatrix)]
    }

    /// What the average of weights comes to, in a run that has one by now. A stochastic average first takes in the weights of the
    /// epoch that ends, if they count.
    func validateAverage(_ epoch: Int) throws -> Validation? {
        guard let averaged = parts.averaged, let rule = options.average, hasAverage(afterEpochs: epoch + 1) else {
            return nil
        }
        guard case .stochastic(let mean) = rule, mean.counts(epoch: epoch) else {
            return try averaged.whileInPlace { try validate(epoch) }
        }
        averaged.add(to: mean, models: mean.models(before: epoch))
        let statistics = try BatchStatistics(parts, step)
        return try averaged.whileInPlace {
            averaged.keep(try statistics.measure(epoch: epoch))
            return try validate(epoch)
        }
    }

    /// What the run's own weights come to. Where an average counts in their place, what they take samples for is not asked.
    func validateOwn(_ epoch: Int) throws -> Validation? {
        try validate(epoch, measuresConfusion: !hasAverage(afterEpochs: epoch + 1))
    }

    private func hasAverage(afterEpochs epochs: Int) -> Bool {
        parts.averaged != nil && options.average?.exists(afterEpochs: epochs) ?? false
    }

    /// What the weights come to that are in place; nil in a run without validation.
    private func validate(_ epoch: Int, measuresConfusion: Bool = true) throws -> Validation? {
        guard let evaluator else { return nil }
        let observers = observers
        let wanted = options.scoreMetrics
        let needsRows = !wanted.isDisjoint(with: [.f1, .auc])
        var table = ScoreTable(wanted, of: parts.network, parts.loss)
        let wantsConfusion = try measuresConfusion && wantsConfusion(afterEpochs: epoch + 1)
        let counts = wantsConfusion ? confusionCounts : nil
        let heads = wantsConfusion ? headConfusion : nil
        let look = { (batch: ShardBatch, plan: BoundPlan, _: Int) in
            let rule = plan.plan.predictionRule
            if needsRows { table.add(plan.output, labels: batch.labels, count: batch.count, rule: rule) }
            counts?.add(plan.output, labels: batch.labels, count: batch.count, rule: rule)
        }
        var sums = try evaluator.evaluate(epoch: epoch, needsRows || counts != nil ? look : nil) { step, steps in
            let event = ValidationProgress(epoch: epoch, step: step, steps: steps)
            for observer in observers { try observer.validationProgressed(event) }
        }
        penalty.measure()
        sums.loss += try penalty.value() * Double(sums.samples)
        var scores = needsRows ? try table.values(communicator) : [:]
        if wanted.contains(.top5) {
            scores[ScoreMetric.top5.name] = Double(sums.correctInTop5) / Double(max(1, sums.samples))
        }
        for (name, value) in progress.headMeans(of: sums) { scores["val_" + name] = value }
        if let heads { try evaluator.predict(epoch: epoch, heads.add) }
        let matrix = try counts?.combined(communicator, classNames: parts.data.classNames)
        return Validation(
            means: progress.means(of: sums), scores: scores,
            confusion: try matrix.map { [(nil, $0)] } ?? heads?.combined(communicator) ?? [])
    }

    /// Of more classes a picture of them shows nothing.
    private static let mostClasses = 1_000

    private var confusionCounts: ConfusionCounts? {
        let outputs = parts.network.outputShape.count
        guard outputs <= Self.mostClasses, parts.data.validation?.dataset.targetKind == .label else { return nil }
        return ConfusionCounts(outputs: outputs)
    }

    private var headConfusion: HeadConfusion? {
        guard let validation = parts.data.validation else { return nil }
        return HeadConfusion(
            of: parts.network, parts.loss, validation.targetKind(for: parts.loss), validation.dataset,
            mostClasses: Self.mostClasses)
    }

    /// Whether an observer wants to know now what samples are taken for. Most observers are rank 0's. Collective.
    private func wantsConfusion(afterEpochs epochs: Int) throws -> Bool {
        guard Milestone.isReached(afterEpochs: epochs) else { return false }
        let isWanted = try communicator.onRoot { observers.contains(where: \.wantsConfusion) ? 1.0 : 0 }
        return try communicator.broadcast(isWanted.map { [$0] } ?? [], from: 0) == [1]
    }
}
