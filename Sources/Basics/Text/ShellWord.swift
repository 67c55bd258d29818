/// A word of a command line as a shell reads it.
package enum ShellWord {
    /// In quotes, unless the shell takes it as it is.
    package static func quoted(_ text: String) -> String {
        let special = "'\"\\$`&;|<>()*?[]#~!{}"
        let isPlain = !text.isEmpty && text.utf8.allSatisfy { $0 > UInt8(ascii: " ") && !special.utf8.contains($0) }
        if isPlain { return text }
        return "'" + text.split(separator: "'", omittingEmptySubsequences: false).joined(separator: "'\\''") + "'"
    }
}
