import ArgumentParser
import Basics
import Engines
import FoundationEssentials
import MessagePassing
import Options
import Reporting
import Training

/// `--fast-dev-run`: the shortest run that does all that a run does. Its folder goes away with it.
struct TrialRun {
    private static let steps = 2

    /// Collective.
    func execute(_ request: RunRequest, on world: Communicator) throws -> ExitCode {
        var request = request
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("dptrain-\(UUID().uuidString)").path
        request.options.output = folder
        request.options.epochs = 1
        request.options.overfitBatches = nil
        (request.options.stepsPerEpoch, request.options.validationSteps) = (Self.steps, 1)
        request.given.formUnion(["output", "epochs", "steps-per-epoch", "validation-steps"])
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let outcome = try TrainingRun(request, world, engines: EngineChoice.engine).execute()
        switch outcome {
        case .interrupted, .asked, .outOfTime, .paused: return .interrupted
        default: return .success
        }
    }
}

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
