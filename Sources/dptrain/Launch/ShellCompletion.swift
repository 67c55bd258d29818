import ArgumentParser

/// What makes a shell complete command lines. ArgumentParser's script does not know that options without a command are those of
/// `train`, and so are those behind `launch ... --`: each shell is told so here.
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
            local -i __dptrain_dashes=0
            if [[ "${COMP_WORDS[1]-}" == launch ]]; then
                for ((__dptrain_dashes = 2; __dptrain_dashes < COMP_CWORD; __dptrain_dashes++)); do
                    [[ "${COMP_WORDS[__dptrain_dashes]}" == -- ]] && break
                done
            fi
            if [[ "${COMP_WORDS[1]-}" == -* ]] || ((0 < __dptrain_dashes && __dptrain_dashes < COMP_CWORD)); then
                local -i __dptrain_first=__dptrain_dashes+1
                if ((__dptrain_first < COMP_CWORD)) && [[ "${COMP_WORDS[__dptrain_first]}" == train ]]; then
                    __dptrain_first+=1
                fi
                COMP_WORDS=("${COMP_WORDS[0]}" train "${COMP_WORDS[@]:__dptrain_first}")
                COMP_CWORD=$((COMP_CWORD + 2 - __dptrain_first))
            fi

        """

    private static let zsh = """
            local -i __dptrain_dashes=0
            if [[ "${words[2]-}" == launch ]]; then
                __dptrain_dashes=${words[(i)--]}
            fi
            if [[ "${words[2]-}" == -* ]] || (( 0 < __dptrain_dashes && __dptrain_dashes < CURRENT )); then
                local -i __dptrain_first=$(( __dptrain_dashes > 0 ? __dptrain_dashes + 1 : 2 ))
                if (( __dptrain_first < CURRENT )) && [[ "${words[__dptrain_first]}" == train ]]; then
                    (( __dptrain_first++ ))
                fi
                words=("${words[1]}" train "${(@)words[__dptrain_first,-1]}")
                (( CURRENT += 3 - __dptrain_first ))
            fi

        """

    private static let fish = """

        function __dptrain_of_train
            set -l tokens (__dptrain_tokens -pc)[2..]
            if test "$tokens[1]" = launch
                set tokens $tokens[(math 1 + (contains -i -- -- $tokens))..]
                test "$tokens[1]" = train; and set tokens $tokens[2..]
            end
            complete -C "dptrain train "(string join ' ' -- $tokens (commandline -ct))
        end
        function __dptrain_is_of_train
            set -l tokens (__dptrain_tokens -p)[2..]
            string match -q -- "-*" $tokens[1]; and return
            test "$tokens[1]" = launch; and contains -- -- (__dptrain_tokens -pc)
        end
        complete -c dptrain -n __dptrain_is_of_train -fa '(__dptrain_of_train)'

        """
}
