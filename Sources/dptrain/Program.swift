import ArgumentParser
@preconcurrency import Glibc
import MessagePassing

/// The way in: reads the command line, decides which processes act on it, and turns errors into messages and exit codes.
@main
enum Program {
    static func main() {
        // Whoever reads the output through a pipe, mpirun above all, sees each line when it is written.
        setvbuf(stdout, nil, _IOLBF, 0)
        let rank = LaunchEnvironment.current.rank
        var command = parse(rank: rank)
        // What needs no ranks is done once.
        if rank != 0 && !(command is any RankCommand) { exit(0) }
        do {
            try command.run()
        } catch {
            end(with: error, rank: rank)
        }
    }

    /// All processes read the same command line, hence rank 0 alone speaks of what is wrong with it.
    private static func parse(rank: Int) -> any ParsableCommand {
        do {
            return try RootCommand.parseAsRoot()
        } catch {
            if rank == 0 { RootCommand.exit(withError: error) }
            let code = RootCommand.exitCode(for: error)
            if code != .success { letRankZeroSpeak() }
            exit(code.rawValue)
        }
    }

    /// For errors before MPI has been started, or of commands that do without it.
    private static func end(with error: any Error, rank: Int) -> Never {
        let code = RootCommand.exitCode(for: error)
        // ArgumentParser's own ways to end: help, usage errors, exit codes.
        if code != .failure || error is ExitCode { RootCommand.exit(withError: error) }
        if rank == 0 {
            StandardError.print("\(error)")
        } else {
            letRankZeroSpeak()
            StandardError.print("rank \(rank): \(error)")
        }
        exit(code.rawValue)
    }

    /// mpirun ends all processes with the first one that fails. Rank 0, if it fails as well, is the one to be heard.
    private static func letRankZeroSpeak() { sleep(1) }
}
