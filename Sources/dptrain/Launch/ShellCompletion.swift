import ArgumentParser

/// What makes a shell complete command lines. ArgumentParser's script does not know that options without a command are those of
/// `train`: each shell is told so here.
enum ShellCompletion {
    private static let option = "--generate-completion-script"

    /// Where the arguments ask for the script of a shell.
    static func script(for arguments: [String]) -> String? {
        let words = arguments.flatMap { $0.split(separator: "=", maxSplits: 1) }
        guard words.count == 2, words[0] == option, let shell = CompletionShell(rawValue: String(words[1])) else {
            return nil
        }
        let text = RootCommand.completionScript(for: shell)
        switch shell {
        case .bash: return inserting(bash, into: text)
        case .zsh: return inserting(zsh, into: text)
        default: return text + fish
        }
    }

    /// At the beginning of the function that completes.
    private static func inserting(_ lines: String, into script: String) -> String {
        let head = "\n_dptrain() {\n"
        let parts = script.split(separator: head, maxSplits: 1, omittingEmptySubsequences: false)
        return parts.joined(separator: head + lines)
    }

    private static let bash = """
            if [[ "${COMP_WORDS[1]-}" == -* ]]; then
                COMP_WORDS=("${COMP_WORDS[0]}" train "${COMP_WORDS[@]:1}")
                COMP_CWORD=$((COMP_CWORD + 1))
            fi

        """

    private static let zsh = """
            if [[ "${words[2]-}" == -* ]]; then
                words=("${words[1]}" train "${(@)words[2,-1]}")
                (( CURRENT++ ))
            fi

        """

    private static let fish = """

        function __dptrain_of_train
            complete -C "dptrain train "(string join ' ' -- (__dptrain_tokens -pc)[2..] (commandline -ct))
        end
        complete -c dptrain -n 'string match -q -- "-*" (__dptrain_tokens -p)[2]' -fa '(__dptrain_of_train)'

        """
}
