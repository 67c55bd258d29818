import Execution
import MessagePassing
import Training

public struct RunRequest {
    public enum Resume {
        case no, latest
        case file(String)
    }

    public var options: TrainingOptions
    public var given: Set<String>
    public var resume: Resume
    public var overwrite: Bool

    public init(options: TrainingOptions, given: Set<String>, resume: Resume = .no, overwrite: Bool = false) {
        self.options = options
        self.given = given
        self.resume = resume
        self.overwrite = overwrite
    }
}

public enum RunOutcome {
    case finished
    case stopped(String)
    case interrupted
}

public struct TrainingRun {
    let engines: (TrainingOptions.EngineName) throws -> any Engine
    let request: RunRequest

    public init(
        _ request: RunRequest, _ communicator: Communicator,
        engines: @escaping (TrainingOptions.EngineName) throws -> any Engine
    ) {
        self.engines = engines
        self.request = request
    }

    public func execute() throws -> RunOutcome {
        print(try engines(request.options.engine).description)
        return .finished
    }
}
