import Basics
import Checkpoints
import DataPipeline
import Execution
import MessagePassing
import Optimization
import Reduction
import Reporting
import Sessions
import Tracing
import Options

/// The training loop: epochs of steps, validation, the coordinator's directive, checkpoints. Observers show and record.
/// The coordinator on rank 0 decides, and its decision reaches all ranks as one value.
struct Trainer {
    let parts: RunParts
    let step: TrainingStep
    let evaluator: Evaluator?
    let penalty: Penalty
    let checkpoints: Checkpointing
    let observers: [any RunObserver]
    /// Of a run that is traced.
    let trace: RankTrace?

    var coordinator: Coordinator
    private(set) var progress: RunProgress
    private(set) var tally = Tally()
    private(set) var rootRequests: RootRequests
    /// By this rank since the epoch began: rows read from files, and samples used.
    private(set) var rowsRead = (rows: 0, samples: 0)
    /// Of all ranks, once an epoch has ended.
    private(set) var hosts: [String]?

    /// What this process has done.
    struct Tally {
        var steps = 0
        var samples = 0
        let begin = ContinuousClock.now
        /// Seconds from the start of the process until the run began.
        private let secondsBefore = ProcessStart.secondsAgo

        /// Seconds since the start of the process.
        var seconds: Double { (ContinuousClock.now - begin) / .seconds(1) + (secondsBefore ?? 0) }
    }

    var communicator: Communicator { parts.session.communicator }
    var options: TrainingOptions { parts.session.options }

    /// Trains until the last epoch has ended, the coordinator stops the run, or a signal comes; then writes the trace. Nil if
    /// the run goes on with layers that were frozen.
    mutating func run() throws -> RunOutcome? {
        do {
            let outcome = try train()
            try checkpoints.finish()
            if outcome == .asked { rootRequests.removeStopFile() }
            try trace?.finish()
            return outcome
        } catch {
            checkpoints.abandon()
            trace?.abandon()
            throw error
        }
    }

    /// What the run has come to.
    func ended(_ outcome: RunOutcome) -> RunEnded {
        RunEnded(
            outcome: outcome, epochs: progress.position.epoch, step: progress.position.globalStep,
            samples: tally.samples,
            seconds: (ContinuousClock.now - tally.begin) / .seconds(1), notes: [trace?.summary].compactMap(\.self))
    }

    /// Whether frozen layers begin to train with the next step.
    private var isAtUnfreezing: Bool {
        progress.position.step == 0 && progress.position.epoch == options.unfreezeAtEpoch
    }

    /// Whether the run is to stop here, ahead of its end.
    private func isPaused(afterEpochs epochs: Int) -> Bool {
        epochs >= options.stopAfterEpoch ?? .max && epochs < options.epochs
    }

    private mutating func train() throws -> RunOutcome? {
        if progress.position.globalStep == 0 { try save(.step) }
        // If a run was killed after it named a state's file and before it named it the best, the second name is
        // missing.
        if progress.position.step == 0, coordinator.best?.epoch == progress.position.epoch - 1,
            !(parts.isUnfrozen && isAtUnfreezing)
        {
            try save(.best)
        }
        if let reason = coordinator.stopReason { return .stopped(reason: reason) }
        if isPaused(afterEpochs: progress.position.epoch) { return .paused(epoch: progress.position.epoch) }
        if !parts.isUnfrozen && isAtUnfreezing && progress.position.epoch < options.epochs { return nil }
        var rates = try firstRates()
        let stepsPerEpoch = parts.stepsPerEpoch
        var reader = makeReader()
        defer { reader.stop() }
        while progress.position.epoch < options.epochs, parts.isUnfrozen || !isAtUnfreezing {
            var epochTimer = EpochTimer()
            if progress.position.step == 0 { parts.epochStart?.keep(learningRate: progress.learningRate) }
            while progress.position.step < stepsPerEpoch,
                let samples = try communicator.watch.during(.reading, reader.next)
            {
                let request = try runStep(samples, rates, epochTimer)
                rowsRead = (rowsRead.rows + samples.rowsRead, rowsRead.samples + samples.samplesRead)
                reader.release(samples)
                try checkpoints.advance()
                var isDue = checkpoints.isDue(afterStep: progress.position.globalStep)
                if let problem = try problem(ifDue: isDue) {
                    rates = try rollBack(after: problem)
                    reader.stop()
                    (reader, epochTimer, isDue) = (makeReader(), EpochTimer(), false)
                }
                if request != nil || isDue { try save(.step) }
                switch request {
                case .stop(let signal): return .interrupted(signal: signal)
                case .stopByFile: return .asked
                case .outOfTime: return .outOfTime
                case .save, nil: break
                }
            }
            let directive = try endEpoch(rates, epochTimer)
            if let reason = directive.stopReason { return .stopped(reason: reason) }
            if isPaused(afterEpochs: progress.position.epoch) { return .paused(epoch: progress.position.epoch) }
            rates = directive.nextRates
            if parts.data.phases.contains(where: { $0.begin == progress.position.epoch }) {
                reader.stop()
                reader = makeReader()
            }
        }
        return progress.position.epoch < options.epochs ? nil : .finished
    }

    /// A reader from here on, as long as samples keep their size.
    private func makeReader() -> BatchReader {
        let (source, end) = parts.data.phase(ofEpoch: progress.position.epoch)
        step.take(source.input)
        return source.reader(
            shards: parts.session.shards, epoch: progress.position.epoch, step: progress.position.step,
            epochs: min(options.epochs, end), stepsPerEpoch: parts.stepsPerEpoch, spans: trace?.reader)
    }

    /// Rank 0's learning rates, since maths libraries differ in powers and cosines.
    private func firstRates() throws -> EpochRates {
        let rates = try communicator.onRoot { try coordinator.rates(epoch: progress.position.epoch).encoded() }
        return try EpochRates(encoded: communicator.broadcast(rates ?? [], from: 0))
    }

    private mutating func runStep(_ samples: BatchBuffer, _ rates: EpochRates, _ epochTimer: EpochTimer) throws
        -> SignalRequest?
    {
        let timer = StepTimer(parts.reducer)
        let position = progress.position
        let rate = rates[position.step]
        let batch = parts.data.training.sampler.batch(of: position.step)
        penalty.measure()
        var sums = try step.run(
            samples, batch: batch, step: position.globalStep, rate: rate,
            request: SignalRequest.take()
                ?? rootRequests.take(age: tally.seconds, sinceSave: checkpoints.secondsSinceSave))
        sums.loss += try penalty.value() * Double(sums.samples)
        progress.add(sums, learningRate: rate)
        let durations = timer.durations(of: step, waited: samples.waited)
        let sinceStart = tally.steps == 0 ? ProcessStart.secondsAgo : nil
        tally.steps += 1
        tally.samples += batch
        try trace?.stepEnded(position.globalStep, begin: timer.begin, waited: samples.waited)
        epochTimer.add(durations, samples: batch)
        let event = StepEnded(
            epoch: position.epoch, step: progress.position.globalStep, stepInEpoch: progress.position.step,
            stepsPerEpoch: parts.stepsPerEpoch, samples: batch, lossSum: sums.samples > 0 ? sums.loss : .nan,
            correct: progress.countsCorrect && sums.samples > 0 ? progress.correct(sums) : nil,
            epochSoFar: progress.means,
            learningRate: rate, durations: durations, sinceStart: sinceStart)
        for observer in observers { try observer.stepEnded(event) }
        return sums.request
    }

    /// Why a run that may go back must go back now, in sentences. What no step looks at, the optimizer's slots, is looked at
    /// when the state would be saved, and at the end of the epoch, which would become the next start.
    private func problem(ifDue isDue: Bool) throws -> String? {
        guard parts.epochStart != nil else { return nil }
        if let problem = step.problem { return problem }
        guard isDue || progress.position.step == parts.stepsPerEpoch else { return nil }
        return try checkpoints.nonFiniteSlot(afterStep: progress.position.globalStep)
    }

    /// Goes back to the start of the epoch. Returns the rates with which it begins anew.
    private mutating func rollBack(after problem: String) throws -> EpochRates {
        let position = progress.position
        let decision = try communicator.onRoot {
            try coordinator.rollBack(epoch: position.epoch, after: problem).encoded()
        }
        let directive = try Directive(encoded: communicator.broadcast(decision ?? [], from: 0))
        guard let start = parts.epochStart else { preconditionFailure("only a run that has kept its start goes back") }
        start.restore()
        progress.rollBack(learningRate: start.learningRate)
        let event = RolledBack(
            epoch: position.epoch, abandonedStep: position.globalStep, step: progress.position.globalStep,
            rollbacks: directive.rollbacks, learningRate: directive.nextRates[0], messages: directive.messages)
        for observer in observers { try observer.rolledBack(event) }
        return directive.nextRates
    }

    /// Collective.
    private mutating func straggler(of timer: EpochTimer) throws -> Straggler? {
        guard communicator.size > 1 else { return nil }
        let busy = try communicator.allGather([timer.busySeconds]).map { $0[0] }
        let hosts =
            try self.hosts
            ?? communicator.allGather(Array(communicator.processorName.utf8)).map {
                String(decoding: $0, as: UTF8.self)
            }
        self.hosts = hosts
        return Straggler(busy: busy, of: timer.trainingSeconds) { hosts[$0] }
    }

    /// Validates, asks the coordinator, tells the observers, and saves what is due.
    private mutating func endEpoch(_ rates: EpochRates, _ epochTimer: EpochTimer) throws -> Directive {
        let epoch = progress.position.epoch
        let amplification = ReadAmplification.warning(Double(rowsRead.rows) / Double(max(1, rowsRead.samples)))
        rowsRead = (0, 0)
        try checkpoints.finish()
        let skipped = try skippedSamples()
        let changed = try communicator.together { try parts.data.watch.check() }
        let raw = try validateOwn(epoch)
        let averaged = try validateAverage(epoch)
        let validated = averaged ?? raw
        var metrics = EpochMetrics(
            epoch: epoch, training: progress.means, validation: validated?.means,
            rawValidation: averaged == nil ? nil : raw?.means)
        metrics.scores = progress.headMeans(of: progress.sums).merging(validated?.scores ?? [:]) { $1 }
        let decision = try communicator.onRoot { try coordinator.endEpoch(metrics).encoded() }
        let directive = try Directive(encoded: communicator.broadcast(decision ?? [], from: 0))
        progress.endEpoch(metrics)
        let isLast = epoch + 1 == options.epochs || directive.stop
        let event = EpochEnded(
            metrics: metrics, step: progress.position.globalStep, stepsPerEpoch: parts.stepsPerEpoch,
            samples: epochTimer.samples, steps: epochTimer.steps, trainingSeconds: epochTimer.trainingSeconds,
            waitedSeconds: epochTimer.waitedSeconds, reductionWaits: epochTimer.reductionWaits,
            seconds: epochTimer.seconds, learningRate: rates.last,
            isBest: directive.isBest, straggler: try straggler(of: epochTimer),
            messages: skipped + [changed, amplification].compactMap(\.self) + directive.messages
                + (isLast || epoch + 1 != options.unfreezeAtEpoch ? [] : ["frozen layers train from here on"]))
        // The log is written first: a run resumed from the checkpoint would never write the lines that are missing.
        for observer in observers { try observer.epochEnded(event) }
        if Milestone.isReached(afterEpochs: epoch + 1) {
            try tellOfWeights()
            for (output, matrix) in validated?.confusion ?? [] { try tellOfConfusion(matrix, of: output) }
        }
        var roles: CheckpointStore.Role = []
        if isLast || isPaused(afterEpochs: epoch + 1) || epoch + 1 == options.unfreezeAtEpoch
            || checkpoints.isDue(afterEpoch: epoch + 1)
        {
            roles.insert(.step)
        }
        if directive.isBest { roles.insert(.best) }
        try save(roles)
        return directive
    }

    /// One parameter after the other, so that no second copy of all weights is in memory.
    private func tellOfWeights() throws {
        let interested = observers.filter(\.wantsWeights)
        guard !interested.isEmpty else { return }
        let replica = parts.replica
        let histograms = try parts.network.parameters.enumerated().compactMap { index, parameter in
            try Histogram(of: replica.logical(index, of: replica.parameters)).map { (parameter.path, $0) }
        }
        let event = WeightsMeasured(step: progress.position.globalStep, histograms: histograms)
        for observer in interested { try observer.weightsMeasured(event) }
    }

    private func tellOfConfusion(_ matrix: ConfusionMatrix, of output: String?) throws {
        let event = ConfusionMeasured(step: progress.position.globalStep, output: output, matrix: matrix)
        for observer in observers where observer.wantsConfusion { try observer.confusionMeasured(event) }
    }

    /// Warns of steps of the epoch that were left out: the sums lack their samples. Throws if no step is left.
    private func skippedSamples() throws -> [String] {
        let sampler = parts.data.training.sampler
        let samples = (0..<parts.stepsPerEpoch).reduce(0) { $0 + sampler.batch(of: $1) }
        let skipped = samples - progress.sums.samples
        guard skipped < samples else {
            throw TrainingError(
                "every step of epoch \(progress.position.epoch + 1) was skipped, since its loss or gradients were not finite; "
                    + "lower the --learning-rate, or see the data with `dptrain data inspect`. The last checkpoint is whole."
            )
        }
        guard skipped > 0 else { return [] }
        return ["steps with \(Figures.count(skipped, "sample")) were skipped: their loss or gradients were not finite"]
    }

    private func save(_ roles: CheckpointStore.Role) throws {
        if roles.isEmpty { return }
        try checkpoints.save(progress, coordinator, as: roles)
    }
}
