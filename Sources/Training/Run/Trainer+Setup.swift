import Checkpoints
import MessagePassing
import Optimization
import Reporting
import Sessions
import Tracing

/// A trainer of what has been planned, at the beginning of a run or where its checkpoint stands.
extension Trainer {
    /// What the coordinator has decided so far, and how far the run has come.
    typealias Start = (coordinator: Coordinator, progress: RunProgress)

    static func start(_ parts: RunParts, _ resumed: RunState?) throws -> Start {
        let (decisions, heads) = (parts.decisionsPerSample, parts.headMetrics)
        let headNames = heads.flatMap(\.names)
        // Samples that are mixed in training have one class each in validation.
        let haveLabels = decisions == 1 && parts.data.validation?.dataset.targetKind == .label
        var coordinator = try parts.session.options.coordinator(
            stepsPerEpoch: parts.stepsPerEpoch,
            metrics: EpochMetrics.names(
                accuracy: decisions > 0, errors: decisions == 0 && heads.isEmpty,
                validation: parts.data.validation != nil,
                averages: parts.averaged != nil, scores: parts.data.targetKind == .label || haveLabels)
                + headNames + (parts.data.validation == nil ? [] : headNames.map { "val_" + $0 }))
        guard let resumed else {
            let rate = coordinator.rates(epoch: 0)[0]
            return (coordinator, RunProgress(firstRate: rate, decisionsPerSample: decisions, heads: heads))
        }
        try coordinator.restore(Array(resumed.coordinator.utf8))
        return (coordinator, RunProgress(resuming: resumed, decisionsPerSample: decisions, heads: heads))
    }

    /// Collective. `writer` is nil on ranks other than 0. `tally` is that of a trainer before this one in the same process.
    init(
        _ parts: RunParts, _ start: Start, _ writer: CheckpointWriter?, _ observers: [any RunObserver],
        resumedFrom: String?, tally: Tally = Tally()
    ) throws {
        let session = parts.session
        // Before the step, whose plans record in it. A trace begins with the first step.
        let trace = tally.steps == 0 ? try parts.trace() : nil
        self.init(
            parts: parts, step: try parts.step(trace),
            evaluator: try parts.data.validation.map {
                try Evaluator(
                    session, parts.replica, $0, steps: session.options.overfitBatches ?? session.options.validationSteps
                )
            },
            penalty: try Penalty(
                session.options.penalties(of: parts.network), parts.replica, session.communicator),
            checkpoints: Checkpointing(parts, writer, observers, parts.epochStart, resumedFrom: resumedFrom),
            observers: observers,
            trace: trace,
            coordinator: start.coordinator, progress: start.progress, tally: tally,
            rootRequests: RootRequests(session.options, isRoot: session.communicator.rank == 0))
    }
}
