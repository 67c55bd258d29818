import Checkpoints
import Glibc

/// How a run ended.
public enum RunOutcome: Sendable, Equatable {
    case finished
    /// Ahead of its last epoch, by the coordinator.
    case stopped(reason: String)
    /// By a signal; a checkpoint was saved.
    case interrupted(signal: Int32)
    /// By the file `STOP` in the output folder; a checkpoint was saved.
    case asked
    /// By the limit of its time; a checkpoint was saved.
    case outOfTime
    /// After the epoch (from 1) at which it was to stop; a checkpoint was saved.
    case paused(epoch: Int)
    /// By an error. Observers are told so; who started the run gets the error itself.
    case failed(error: String)

    /// Why, in words.
    public var reason: String {
        switch self {
        case .finished: "all epochs are done"
        case .stopped(let reason): reason
        case .interrupted(SIGINT): "Ctrl-C"
        case .interrupted(let signal): "signal \(signal)"
        case .asked: "the file \(CheckpointStore.stopName) is in the output folder"
        case .outOfTime: "the time is over"
        case .paused(let epoch): "epoch \(epoch) has ended, as --stop-after-epoch says"
        case .failed(let error): error
        }
    }
}

/// What a run came to.
public struct RunEnded: Sendable, Equatable {
    public let outcome: RunOutcome
    /// Whole epochs of the run done, and all of its steps.
    public let epochs: Int
    public let step: Int
    /// Samples that this process has trained on, over all ranks.
    public let samples: Int
    /// From the event that the run has begun.
    public let seconds: Double
    /// What else there is to say, such as where a trace is.
    public let notes: [String]

    package init(outcome: RunOutcome, epochs: Int, step: Int, samples: Int, seconds: Double, notes: [String] = []) {
        (self.outcome, self.epochs, self.step) = (outcome, epochs, step)
        (self.samples, self.seconds, self.notes) = (samples, seconds, notes)
    }
}
