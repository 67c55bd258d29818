import ArgumentParser
import Basics
import Engines
import MessagePassing
import Options
import Reporting
import Training

/// `--dry-run`: sets a run up, times its first steps, and says what it will take. It writes nothing.
struct DryRun {
    /// Collective.
    func execute(_ request: RunRequest, on world: Communicator) throws -> ExitCode {
        var request = request
        request.writesNothing = true
        (request.options.stage, request.options.trace) = (nil, nil)
        let trial = TrialReporter { if world.rank == 0 { StandardOutput.show($0) } }
        do {
            _ = try TrainingRun(request, world, observers: [trial], engines: EngineChoice.engine).execute()
        } catch is TrialReporter.Done {}
        return .success
    }
}
