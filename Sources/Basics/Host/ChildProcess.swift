import Glibc

/// A program that this one has started.
package final class ChildProcess {
    package enum End {
        case exit(Int32)
        case signal(Int32)
    }

    package let identifier: pid_t
    /// Nil while it runs.
    private var end: End?

    /// Starts a program that reads nothing and writes to these descriptors. It leads a process group of its own, so
    /// that a key on the terminal reaches this program alone, which then ends the other one in good order. `inherited` is one more
    /// descriptor that it gets, under the same number.
    package init(
        _ executable: String, _ arguments: [String], environment: [String: String], output: Int32, error: Int32,
        inherited: Int32? = nil
    ) throws {
        var files = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&files)
        defer { posix_spawn_file_actions_destroy(&files) }
        posix_spawn_file_actions_addopen(&files, STDIN_FILENO, "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_adddup2(&files, output, STDOUT_FILENO)
        posix_spawn_file_actions_adddup2(&files, error, STDERR_FILENO)
        // Onto itself: this takes FD_CLOEXEC away, in the child only.
        if let inherited { posix_spawn_file_actions_adddup2(&files, inherited, inherited) }

        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK))
        // This thread may leave signals to another one; the program has no such thread.
        var blocked = sigset_t()
        sigemptyset(&blocked)
        posix_spawnattr_setsigmask(&attributes, &blocked)

        var identifier: pid_t = 0
        let code = Self.withCStrings([executable] + arguments) { arguments in
            Self.withCStrings(environment.map { "\($0)=\($1)" }) { environment in
                posix_spawn(&identifier, executable, &files, &attributes, arguments, environment)
            }
        }
        guard code == 0 else { throw FileSystemError("start", executable, code: code) }
        self.identifier = identifier
    }

    /// How it ended; nil while it runs.
    package func poll() -> End? {
        if end == nil { wait(WNOHANG) }
        return end
    }

    package func waitUntilEnd() {
        while end == nil { wait(0) }
    }

    package func send(_ signal: Int32) { kill(identifier, signal) }

    /// One look, or one wait that a signal may cut short.
    private func wait(_ options: Int32) {
        var status: Int32 = 0
        let found = waitpid(identifier, &status, options)
        // Nobody else waits for children; one that is unknown is gone.
        if found < 0, errno == ECHILD { end = .exit(EXIT_FAILURE) }
        guard found == identifier else { return }
        // As WIFEXITED and WEXITSTATUS tell, macros that Swift does not have.
        let signal = status & 0x7f
        end = signal == 0 ? .exit(status >> 8 & 0xff) : .signal(signal)
    }

    /// Calls `body` with a list of C texts that ends with nil.
    private static func withCStrings<Result>(
        _ texts: [String], _ body: ([UnsafeMutablePointer<CChar>?]) -> Result
    ) -> Result {
        let list = texts.map { strdup($0) }
        defer { for text in list { free(text) } }
        return body(list + [nil])
    }
}
