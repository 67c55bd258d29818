import ArgumentParser
import Basics
import Options

/// The command line as it was typed, and as it is meant.
struct TypedArguments {
    let texts: [String]

    /// With this program's words in place of those of other trainers, and with negative numbers as values: ArgumentParser
    /// takes `--epochs -3` for two flags.
    var meant: [String] {
        var meant: [String] = []
        var rest = texts[...]
        while let text = rest.popFirst() {
            guard text != "--" else { return meant + [text] + rest }
            guard text.hasPrefix("--") else {
                meant.append(text)
                continue
            }
            let parts = text.dropFirst(2).split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            let name = String(parts[0])
            var flag = "--\(OptionDeclaration.meant(by: name) ?? name)"
            if parts.count > 1 {
                flag += "=\(parts[1])"
            } else if let value = rest.first, value.hasPrefix("-"), Double(value) != nil {
                flag += "=\(value)"
                rest.removeFirst()
            }
            meant.append(flag)
        }
        return meant
    }

    /// Refuses a word in the place of a command that is none. The usual command would take it for something to train.
    func requireCommand() throws {
        var command: any ParsableCommand.Type = RootCommand.self
        for text in texts {
            let commands = command.configuration.subcommands
            let names = commands.compactMap { $0.configuration.shouldDisplay ? $0.configuration.commandName : nil }
            guard !names.isEmpty, !text.hasPrefix("-"), text != "help" else { return }
            guard let next = commands.first(where: { $0.configuration.commandName == text }) else {
                let name = command.configuration.commandName ?? "dptrain"
                throw ValidationError(
                    "\(name) has no command '\(text)'\(suggestion(for: text, among: names)); its commands are "
                        + names.listed("and"))
            }
            command = next
        }
    }
}
