import ArgumentParser
import MessagePassing

/// A command that all ranks carry out together.
protocol RankCommand: ParsableCommand {
    /// Threads of a rank. The numerical libraries must be told before they are loaded.
    var threads: Int { get throws }

    /// Collective. What it throws ends all ranks.
    func run(on world: Communicator) throws -> ExitCode
}

extension RankCommand {
    /// The order matters: the environment before any library reads it, the signal handlers before MPI takes what is free.
    func run() throws {
        try Relaunch.ifNeeded(threads: threads)
        StopSignal.install()
        let world = try Communicator.world()
        let failure = try SharedFailure(world)
        let code: ExitCode
        do { code = try run(on: world) } catch { failure.end(with: error) }
        try world.finalize()
        if code != .success { throw code }
    }
}
