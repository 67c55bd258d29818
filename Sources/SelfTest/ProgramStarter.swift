import Basics
import FoundationEssentials

/// Starts this program again, alone or as several ranks on this machine.
package struct ProgramStarter {
    let ranks: Int
    package let folder: String
    /// For each program.
    let limit: Duration
    private let program: String
    private let mpirun: String
    private let environment: [String: String]

    package init(ranks: Int, folder: String, limit: Duration) throws {
        self.ranks = ranks
        self.folder = folder
        self.limit = limit
        var environment = ProcessInfo.processInfo.environment
        program = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
        mpirun = try Self.find("mpirun", environment["PATH"] ?? "")
        // mpirun refuses to run as root, and to start more ranks than there are cores, unless it is told that this is
        // meant.
        environment["OMPI_ALLOW_RUN_AS_ROOT"] = "1"
        environment["OMPI_ALLOW_RUN_AS_ROOT_CONFIRM"] = "1"
        environment["OMPI_MCA_rmaps_base_oversubscribe"] = "1"
        self.environment = environment
    }

    /// This program with these arguments, `ranks` times under mpirun, or once without it where `ranks` is nil.
    package func run(ranks: Int?, _ arguments: [String], log: String, onLine: (Substring) -> Void = { _ in }) throws {
        var command = [program] + arguments
        if let ranks {
            // Naming the host keeps batch systems from placing ranks elsewhere; ranks beyond its slots yield when idle.
            let slots = min(ranks, ProcessInfo.processInfo.activeProcessorCount)
            // mpirun binds ranks to cores of the machine, whether or not it was given them itself.
            let isRestricted = Processors.allowed < Processors.online
            command =
                [mpirun, "-n", "\(ranks)", "--host", "localhost:\(slots)"]
                + (isRestricted ? ["--bind-to", "none"] : [])
                + command
        }
        try WatchedProgram(
            executable: command[0], arguments: Array(command.dropFirst()), environment: environment,
            log: "\(folder)/\(log)"
        ).run(limit: limit, onLine: onLine)
    }

    private static func find(_ name: String, _ path: String) throws -> String {
        let candidates = path.split(separator: ":").map { "\($0)/\(name)" }
        if let found = candidates.first(where: FileManager.default.isExecutableFile) { return found }
        throw CheckFailure(
            "\(name) is not on the PATH; install Open MPI (Debian: apt install openmpi-bin), or add its folder to PATH"
        )
    }
}
