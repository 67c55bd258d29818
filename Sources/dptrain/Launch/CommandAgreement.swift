import ArgumentParser
import Glibc
import MessagePassing

/// What the ranks do together first: each says which command it was given. Ranks that wait for one that does something else,
/// or nothing, would wait for ever.
struct CommandAgreement {
    private let text: String

    /// A command by the words that name it. ArgumentParser's own, which prints help, has none.
    init(_ command: any ParsableCommand) {
        text = RootCommand.words(for: type(of: command)) ?? Self.textOnly.text
    }

    private init(_ text: String) { self.text = text }

    /// A command line that only asks for a text.
    static let textOnly = CommandAgreement("only print: --help, --version or --print-config")

    /// Collective.
    func require(on world: Communicator) throws {
        try world.agree(on: [SharedFact("the command", text)])
    }

    /// For what needs no ranks, and is done by rank 0: returns on rank 0 only. Collective where a launcher has started
    /// several processes.
    func leaveToRankZero() throws {
        let launch = LaunchEnvironment.current
        if launch.isUnderLauncher, launch.size > 1 {
            let world = try Communicator.world()
            let failed = try FailedRanks(world)
            do {
                try require(on: world)
            } catch {
                failed.end(with: error)
            }
            try world.finalize()
        }
        if launch.rank != 0 { exit(0) }
    }
}

extension ParsableCommand {
    /// The words after this command's name that lead to another one: `data import`.
    fileprivate static func words(for command: any ParsableCommand.Type) -> String? {
        for subcommand in configuration.subcommands {
            let name = subcommand.configuration.commandName ?? ""
            if subcommand == command { return name }
            if let rest = subcommand.words(for: command) { return "\(name) \(rest)" }
        }
        return nil
    }
}
