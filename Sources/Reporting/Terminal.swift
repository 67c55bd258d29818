import FoundationEssentials
import Glibc

/// Whether someone watches standard output, so that a line can be rewritten in place.
public enum Terminal {
    /// Open MPI gives its local ranks a pseudo-terminal whatever mpirun's own output goes to. So under mpirun it is the
    /// output of the parent, mpirun, that counts; a rank on another host has a parent without one.
    public static var isWatched: Bool {
        guard isatty(STDOUT_FILENO) == 1 else { return false }
        guard ProcessInfo.processInfo.environment["OMPI_COMM_WORLD_RANK"] != nil else { return true }
        let output = try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/\(getppid())/fd/1")
        return output.map { $0.hasPrefix("/dev/pts/") || $0.hasPrefix("/dev/tty") } ?? false
    }

    /// Characters in a line; 80 where the terminal does not say.
    static var width: Int {
        var size = winsize()
        guard ioctl(STDOUT_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else { return 80 }
        return Int(size.ws_col)
    }
}
