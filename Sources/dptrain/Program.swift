import ArgumentParser
import Basics
@preconcurrency import Glibc
import MessagePassing

/// The way in: reads the command line, decides which processes act on it, and turns errors into messages and exit
/// codes.
@main
enum Program {
    static func main() {
        // A file that reaches a limit of size is then an error of the call that writes it, with a message.
        signal(SIGXFSZ, SIG_IGN)
        let rank = LaunchEnvironment.current.rank
        do {
            switch parse(rank: rank) {
            case .text(let exit):
                try CommandAgreement.textOnly.leaveToRankZero()
                throw exit
            case .command(var command):
                if let computing = command as? any ComputingCommand {
                    try Relaunch.ifNeeded(threads: computing.threads)
                }
                if !(command is any RankCommand) { try CommandAgreement(command).leaveToRankZero() }
                try command.run()
            }
            try StandardOutput.finish()
        } catch {
            end(with: error, rank: rank)
        }
    }

    /// Swift's own arguments have other characters where bytes are no text, and would name another file or folder.
    private static func requireUTF8(_ arguments: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>) throws {
        for index in 1..<Int(max(1, CommandLine.argc)) {
            guard let bytes = arguments[index], String(validatingCString: bytes) == nil else { continue }
            throw ValidationError(
                "argument \(index), '\(String(cString: bytes))', is not UTF-8; rename the file or folder that it names")
        }
    }

    /// What a command line asks for.
    private enum Request {
        case command(any ParsableCommand)
        /// Help, the version or a configuration: ArgumentParser's way to end with it.
        case text(any Error)
    }

    private static func parse(rank: Int) -> Request {
        do {
            try requireUTF8(CommandLine.unsafeArgv)
            let arguments = TypedArguments(texts: Array(CommandLine.arguments.dropFirst()))
            if let script = ShellCompletion.script(for: arguments.texts) { throw CleanExit.message(script) }
            try arguments.requireCommand()
            return .command(try RootCommand.parseAsRoot(arguments.meant))
        } catch {
            let code = RootCommand.exitCode(for: error)
            if code == .success { return .text(error) }
            limitEnd(code)
            if rank == 0 { RootCommand.exit(withError: error) }
            speakAfterRankZero(RootCommand.message(for: error), rank: rank)
            exit(code.rawValue)
        }
    }

    /// Help, version and what else a command line asks for that starts nothing.
    private static func answer(_ text: String) -> Never {
        do {
            if !text.isEmpty { try StandardOutput.print(text) }
            try StandardOutput.finish()
        } catch {
            end(with: error, rank: 0)
        }
        exit(0)
    }

    /// Other ranks may wait for this one, which may find no reader.
    private static func limitEnd(_ code: ExitCode) {
        if LaunchEnvironment.current.isUnderLauncher { Alert.limitEnd(code.rawValue, seconds: 10) }
    }

    /// For errors before MPI has been started, or of commands that do without it.
    private static func end(with error: any Error, rank: Int) -> Never {
        let code = RootCommand.exitCode(for: error)
        if code == .success { answer(RootCommand.fullMessage(for: error)) }
        limitEnd(code)
        // ArgumentParser's own ways to end: usage errors, exit codes.
        if code != .failure || error is ExitCode { RootCommand.exit(withError: error) }
        if rank == 0 { StandardError.print("\(error)") } else { speakAfterRankZero("\(error)", rank: rank) }
        exit(code.rawValue)
    }

    /// Processes that were started alike fail alike, and mpirun ends them all with the first one that does, which takes
    /// it a second: where rank 0 fails too, this process does not live to repeat what rank 0 has said.
    private static func speakAfterRankZero(_ text: String, rank: Int) {
        sleep(3)
        StandardError.print("rank \(rank): \(text)")
    }
}
