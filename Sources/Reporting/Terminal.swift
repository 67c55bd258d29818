import FoundationEssentials
import Glibc
import MessagePassing

/// Whether someone watches standard output, so that a line can be rewritten in place.
public enum Terminal {
    private static var environment: [String: String] { ProcessInfo.processInfo.environment }
    private static var isGiven: Bool { MPI.implementation.givesTerminals && LaunchEnvironment.current.isUnderLauncher }
    private static let parentOutput = "/proc/\(getppid())/fd/1"

    /// Open MPI gives its local ranks a pseudo-terminal whatever mpirun's own output goes to. So there it is the output of
    /// the parent, mpirun, that counts; a rank on another node has a parent without one.
    public static var isWatched: Bool {
        guard isatty(STDOUT_FILENO) == 1, canRewrite else { return false }
        guard isGiven else { return true }
        let output = try? FileManager.default.destinationOfSymbolicLink(atPath: parentOutput)
        return output.map { $0.hasPrefix("/dev/pts/") || $0.hasPrefix("/dev/tty") } ?? false
    }

    /// A dumb terminal shows the codes that clear a line.
    public static var canRewrite: Bool { environment["TERM"] != "dumb" }

    /// Characters in a line; 80 where the terminal does not say.
    static var width: Int {
        guard isGiven else { return columns(STDOUT_FILENO) }
        let terminal = open(parentOutput, O_WRONLY | O_NOCTTY | O_CLOEXEC)
        guard terminal >= 0 else { return columns(STDOUT_FILENO) }
        defer { close(terminal) }
        return columns(terminal)
    }

    private static func columns(_ terminal: Int32) -> Int {
        var size = winsize()
        guard ioctl(terminal, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else { return 80 }
        return Int(size.ws_col)
    }
}
