import FoundationEssentials
import Glibc

/// Re-execution of the program, once, with the environment that its numerical libraries need.
///
/// OpenMP, OpenBLAS and MPI read their variables when they are loaded, before `main`; so a program that wants its
/// results not to depend on the caller's environment has to set them and start over. That must happen before MPI_Init.
public enum Relaunch {
    /// Holds the process id of the last re-execution: `execv` keeps the id, a child has another one.
    static let marker = "DPTRAIN_RELAUNCHED"

    /// Variables that change how many threads compute, how OpenBLAS blocks its products, which of its kernels oneDNN
    /// takes, or how exact they are.
    static let removed = [
        "OMP_DYNAMIC", "OMP_NESTED", "OMP_MAX_ACTIVE_LEVELS", "OMP_THREAD_LIMIT", "OMP_SCHEDULE", "GOTO_NUM_THREADS",
        "KMP_DEVICE_THREAD_LIMIT", "KMP_TEAMS_THREAD_LIMIT", "OPENBLAS_L2_SIZE", "OPENBLAS_BLOCK_FACTOR",
        "DNNL_DEFAULT_FPMATH_MODE", "ONEDNN_DEFAULT_FPMATH_MODE", "DNNL_MAX_CPU_ISA", "DNNL_CPU_ISA_HINTS",
        "ONEDNN_CPU_ISA_HINTS",
    ]

    /// How often a thread looks, some tens of microseconds long, before it sleeps until the others are through. The
    /// library's own 300,000 gain nothing, and on cores that other programs use, too, a step took ten times as long.
    private static let spinCount = Change(name: "GOMP_SPINCOUNT", value: "2000")

    /// Returns at once if the environment is as it must be for `threads` threads a rank; otherwise does not return, but
    /// starts the program again with the same arguments. Throws on a processor that dptrain does not compute on.
    public static func ifNeeded(threads: Int) throws {
        let environment = ProcessInfo.processInfo.environment
        let changes = changes(to: environment, threads: threads, kernels: try .chosen)
        if changes.isEmpty { return }
        let identifier = String(getpid())
        let rank = LaunchEnvironment(environment).rank
        if environment[marker] == identifier {
            let names = changes.map(\.name).joined(separator: ", ")
            throw MessagePassingError(
                rank: rank, operation: "re-execution", reason: "something sets \(names) whenever the program is loaded",
                remedy: "look for it in LD_PRELOAD and in wrapper scripts")
        }
        for change in changes + [Change(name: marker, value: identifier)] {
            if let value = change.value { setenv(change.name, value, 1) } else { unsetenv(change.name) }
        }
        fflush(nil)
        // By its name first, so that `ps` and `pgrep` show the program and not "exe".
        if let path = try? FileManager.default.destinationOfSymbolicLink(atPath: selfLink) {
            execv(path, CommandLine.unsafeArgv)
        }
        execv(selfLink, CommandLine.unsafeArgv)
        throw MessagePassingError(
            rank: rank, operation: "re-execution", reason: String(cString: strerror(errno)),
            remedy: "make /proc available and the program executable")
    }

    private static let selfLink = "/proc/self/exe"

    public struct Change: Equatable, Sendable {
        public let name: String
        /// Nil where the variable has to go.
        public let value: String?
    }

    /// What has to change in `environment`; empty once it has been done.
    public static func changes(
        to environment: [String: String], threads: Int, kernels: Kernels
    ) -> [Change] {
        var wanted: [Change] = [
            Change(name: "OMP_NUM_THREADS", value: String(threads)),
            Change(name: "OPENBLAS_NUM_THREADS", value: String(threads)),
            Change(name: "OPENBLAS_CORETYPE", value: kernels.openBLASCore),
            Change(name: "ONEDNN_MAX_CPU_ISA", value: kernels.oneDNNLimit),
        ]
        let isUnderLauncher = LaunchEnvironment(environment).isUnderLauncher
        // The user's own settings stand.
        for (name, value) in MPI.implementation.preferences(isUnderLauncher: isUnderLauncher)
        where environment[name] == nil {
            wanted.append(Change(name: name, value: value))
        }
        if threads > 1, environment[spinCount.name] == nil, environment["OMP_WAIT_POLICY"] == nil {
            wanted.append(spinCount)
        }
        wanted += removed.map { Change(name: $0, value: nil) }
        return wanted.filter { environment[$0.name] != $0.value }
    }
}
