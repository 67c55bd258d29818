import Checkpoints
import DataPipeline
import Datasets
import FoundationEssentials
import MessagePassing
import Reporting
import Sessions

/// One run of training, from options to an outcome: opens the data, reads what a resumed run takes from its checkpoint,
/// compares what must be equal on all ranks, plans, and trains.
public final class TrainingRun {
    /// Where a run's output goes if `--output` does not say.
    public static let defaultOutput = "output"

    private let request: RunRequest
    private let communicator: Communicator
    private let makeEngine: EngineMaker
    private let observers: [any RunObserver]
    private let preparation: ((Double) -> Void)?

    /// `observers` are told of events in addition to the console and the log. `preparation` is told which part is done of work that
    /// takes long before the run begins, of which they know nothing; 1 is the last.
    public init(
        _ request: RunRequest, _ communicator: Communicator, observers: [any RunObserver] = [],
        preparation: ((Double) -> Void)? = nil, engines: @escaping EngineMaker
    ) {
        self.request = request
        self.communicator = communicator
        self.observers = observers
        self.preparation = preparation
        makeEngine = engines
    }

    /// Collective.
    public func execute() throws -> RunOutcome {
        // A rank that resumes would wait for a checkpoint that the others do not send.
        try communicator.agree(on: [
            SharedFact("--resume", request.resume.description), SharedFact("--overwrite", "\(request.overwrite)"),
        ])
        let folder = request.options.output ?? Self.defaultOutput
        // A run that writes to the folder deletes and renames its files.
        let lock = try communicator.onRoot {
            request.resume == .latest && FileManager.default.fileExists(atPath: folder)
                ? try OutputLock(folder: folder) : nil
        }
        let model = try communicator.together { try request.options.namedModel() }
        let taken = try communicator.together { try request.takingOver(model) }
        var resumed = try ResumedState(taken.request, communicator)
        let session = try Session(resumed.options, communicator, engines: makeEngine)
        let staged = try Self.stage(session, model, resumed)
        defer { staged?.remove() }
        let (trainer, output) = try begin(session, model, &resumed, staged, lock ?? nil, taken.notes)
        // The folder is the run's own as long as it lasts.
        return try withExtendedLifetime(output) { try train(trainer, output?.writer) }
    }

    /// Plans, allocates, and tells observers what will be done. All that is allocated is in the trainer.
    private func begin(
        _ session: Session, _ model: NamedModel?, _ resumed: inout ResumedState, _ staged: StagedData?,
        _ lock: OutputLock?, _ notes: [String]
    ) throws -> (Trainer, RunOutput?) {
        let parts = try RunParts(session, model, resumed: resumed, staged: staged, preparation)
        resumed.releaseTensors()
        let start = try Trainer.start(parts, resumed.state)
        let output =
            try request.writesNothing
            ? nil
            : communicator.onRoot {
                try RunOutput(
                    request, resumed, rollbacks: start.coordinator.rollbacks, lock,
                    checkpointBytes: parts.checkpointBytes)
            }
        let observers = (output?.observers ?? []) + observers
        let trainer = try Trainer(parts, start, output?.writer, observers, resumedFrom: resumed.file)
        let warnings = try communicator.onRoot { try parts.data.warnings() } ?? []
        let begun = RunBegun(parts, resumed, notes, warnings + (output?.warnings ?? []) + start.coordinator.warnings)
        for observer in observers { try observer.runBegan(begun) }
        return (trainer, output)
    }

    /// The copies of the data that `--stage` asks for. Collective.
    private static func stage(
        _ session: Session, _ model: NamedModel?, _ resumed: ResumedState
    ) throws -> StagedData? {
        let options = session.options
        guard let folder = options.stage, let data = options.data else { return nil }
        let understanding = try DatasetOptions(options, model, resumed: resumed.state)
        return try StagedData(data, in: folder, understanding, session.nodes, session.communicator)
    }

    /// Trains, and tells how it ended.
    private func train(_ first: consuming Trainer, _ writer: CheckpointWriter?) throws -> RunOutcome {
        let observers = first.observers
        var trainer = first
        let result = Result {
            while true {
                if let outcome = try trainer.run() { return outcome }
                try trainer.unfreeze(writer)
            }
        }
        let outcome: RunOutcome =
            switch result {
            case .success(let outcome): outcome
            case .failure(let error): .failed(error: "\(error)")
            }
        let ended = trainer.ended(outcome)
        let told = Result { for observer in observers { try observer.runEnded(ended) } }
        // The run's own error comes before an observer's.
        _ = try result.get()
        try told.get()
        return outcome
    }
}
