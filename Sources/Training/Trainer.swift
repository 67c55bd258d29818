import Basics
import Checkpoints
import DataPipeline
import MessagePassing
import Optimization
import Reduction
import Reporting

/// The training loop: epochs of steps, validation, the coordinator's directive, checkpoints. Observers show and record.
/// The coordinator on rank 0 decides, and its decision reaches all ranks as one value.
struct Trainer {
    let communicator: Communicator
    let options: TrainingOptions
    let sampler: Sampler
    let stepsPerEpoch: Int
    let train: SampleSet
    let transforms: TransformChain
    let step: TrainingStep
    let evaluator: Evaluator?
    let reducer: Reducer
    let penalty: Penalty
    let checkpoints: Checkpointing
    let observers: [any RunObserver]
    /// Of a run that is traced.
    let trace: RankTrace?

    var coordinator: Coordinator
    private(set) var progress: RunProgress
    /// Of this process.
    private(set) var stepsDone = 0

    /// Trains until the last epoch has ended, the coordinator stops the run, or a signal comes.
    mutating func run() throws -> RunOutcome {
        if progress.position.globalStep == 0 { try save(.step) }
        // If a run was killed after it named a state's file and before it named it the best, the second name is
        // missing.
        if progress.position.step == 0, coordinator.best?.epoch == progress.position.epoch - 1 { try save(.best) }
        if let reason = coordinator.stopReason { return .stopped(reason: reason) }
        var rates = try firstRates()
        let shards = reducer.partition.shards(of: communicator.rank)
        let reader = BatchReader(
            train, transforms: transforms, sampler: sampler, shards: shards, epoch: progress.position.epoch,
            step: progress.position.step, epochs: options.epochs, stepsPerEpoch: stepsPerEpoch, spans: trace?.reader)
        defer { reader.stop() }
        while progress.position.epoch < options.epochs {
            let watch = EpochWatch()
            while progress.position.step < stepsPerEpoch,
                let samples = try communicator.watch.during(.reading, reader.next)
            {
                let request = try runStep(samples, rates, watch)
                reader.release(samples)
                if request != nil || checkpoints.isDue(afterStep: progress.position.globalStep) { try save(.step) }
                if case .stop(let signal) = request { return .interrupted(signal: signal) }
            }
            let directive = try endEpoch(rates, watch)
            if let reason = directive.stopReason { return .stopped(reason: reason) }
            rates = directive.nextRates
        }
        return .finished
    }

    /// Rank 0's learning rates, since maths libraries differ in powers and cosines.
    private func firstRates() throws -> EpochRates {
        let rates = try communicator.onRoot { try coordinator.rates(epoch: progress.position.epoch).encoded() }
        return try EpochRates(encoded: communicator.broadcast(rates ?? [], from: 0))
    }

    private mutating func runStep(
        _ samples: BatchSlot, _ rates: EpochRates, _ watch: EpochWatch
    ) throws -> SignalRequest? {
        let timer = StepTimer(reducer)
        let position = progress.position
        let rate = rates[position.step]
        let batch = sampler.batch(of: position.step)
        penalty.measure()
        var sums = try step.run(samples, batch: batch, step: position.globalStep, rate: rate)
        sums.loss += try penalty.value() * Double(batch)
        progress.add(sums, learningRate: rate)
        let durations = timer.durations(waited: samples.waited)
        let sinceStart = stepsDone == 0 ? ProcessStart.secondsAgo : nil
        stepsDone += 1
        try trace?.stepEnded(position.globalStep, begin: timer.begin, waited: samples.waited)
        watch.add(durations, samples: batch)
        let report = StepReport(
            epoch: position.epoch, step: progress.position.globalStep, stepInEpoch: progress.position.step,
            stepsPerEpoch: stepsPerEpoch, samples: batch, lossSum: sums.loss,
            correct: progress.countsCorrect ? Double(sums.correct) : nil, epochSoFar: progress.means,
            learningRate: rate, durations: durations, sinceStart: sinceStart)
        for observer in observers { try observer.stepEnded(report) }
        return sums.request
    }

    /// Validates, asks the coordinator, tells the observers, and saves what is due.
    private mutating func endEpoch(_ rates: EpochRates, _ watch: EpochWatch) throws -> Directive {
        let epoch = progress.position.epoch
        let validation = try evaluator.map { evaluator in
            var sums = try evaluator.evaluate()
            penalty.measure()
            sums.loss += try penalty.value() * Double(sums.samples)
            return sums
        }
        let metrics = EpochMetrics(
            epoch: epoch, training: progress.means, validation: validation.map { progress.means(of: $0) })
        let decision = try communicator.onRoot { try coordinator.endEpoch(metrics).encoded() }
        let directive = try Directive(encoded: communicator.broadcast(decision ?? [], from: 0))
        progress.endEpoch(metrics)
        let report = EpochReport(
            metrics: metrics, epochs: options.epochs, step: progress.position.globalStep, stepsPerEpoch: stepsPerEpoch,
            samples: watch.samples, steps: watch.steps, trainingSeconds: watch.trainingSeconds,
            waitedSeconds: watch.waitedSeconds, seconds: watch.seconds, learningRate: rates.last,
            isBest: directive.isBest, messages: directive.messages)
        // The log is written first: a run resumed from the checkpoint would never write the lines that are missing.
        for observer in observers { try observer.epochEnded(report) }
        let isLast = epoch + 1 == options.epochs || directive.stop
        var roles: CheckpointStore.Role = []
        if isLast || checkpoints.isDue(afterEpoch: epoch + 1) { roles.insert(.step) }
        if directive.isBest { roles.insert(.best) }
        try save(roles)
        return directive
    }

    private func save(_ roles: CheckpointStore.Role) throws {
        if roles.isEmpty { return }
        try checkpoints.save(progress, coordinator, as: roles)
    }
}
