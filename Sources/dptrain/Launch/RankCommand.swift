import ArgumentParser
import Basics
import FoundationEssentials
import MessagePassing

/// A command that computes with the numerical libraries. They read their environment when they are loaded, so the program
/// starts over with the right one before it does anything else.
protocol ComputingCommand: ParsableCommand {
    /// Threads of a rank.
    var threads: Int { get throws }
}

/// A command that all ranks carry out together.
protocol RankCommand: ComputingCommand {
    /// What all ranks must have in common before `run` compares the rest. Otherwise they would call different collectives.
    var sharedFacts: [SharedFact] { get throws }

    /// Whether signals ask it to save a checkpoint, instead of ending it.
    static var savesOnSignals: Bool { get }

    /// Collective. What it throws ends all ranks.
    func run(on world: Communicator) throws -> ExitCode
}

extension RankCommand {
    var sharedFacts: [SharedFact] { [] }
    static var savesOnSignals: Bool { false }

    /// The order matters: the signal handlers before MPI takes what is free, the command before anything that ranks with
    /// another one would not take part in.
    func run() throws {
        if Self.savesOnSignals {
            try StopSignal.install(announces: LaunchEnvironment.current.rank == 0)
            try SaveSignal.install()
        }
        let world = try Communicator.world()
        let failed = try FailedRanks(world)
        let code: ExitCode
        do {
            try CommandAgreement(self).require(on: world)
            if world.rank == 0 { try warnOfSharedCores(world.size) }
            try world.agree(on: sharedFacts)
            code = try run(on: world)
        } catch {
            failed.end(with: error)
        }
        try world.finalize()
        if code != .success { throw code }
    }

    /// mpirun binds a rank to one core unless it is told otherwise, where two threads take ten times as long as one.
    private func warnOfSharedCores(_ ranks: Int) throws {
        let threads = try threads
        // With this variable OpenMP binds its threads one by one, and this one's core says nothing of the others'.
        let isBoundByOpenMP = ProcessInfo.processInfo.environment["OMP_PROC_BIND"] != nil
        let cores = Processors.allowed
        guard threads > 1, !isBoundByOpenMP, cores < threads else { return }
        StandardError.print(
            "warning: a rank's \(threads) threads share \(cores == 1 ? "one core" : "\(cores) cores"); "
                + "\(MPI.implementation.binding(threads: threads)) gives each its own")
    }
}
