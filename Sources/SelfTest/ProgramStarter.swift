import Basics
import FoundationEssentials
import MessagePassing

/// Starts this program again, alone or as several ranks on this machine.
package struct ProgramStarter {
    let ranks: Int
    package let folder: String
    /// For each program.
    let limit: Duration
    private let program: String
    private let launcher: String
    private let environment: [String: String]

    package init(ranks: Int, folder: String, limit: Duration) throws {
        self.ranks = ranks
        self.folder = folder
        self.limit = limit
        var environment = ProcessInfo.processInfo.environment
        program = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
        launcher = try Self.find(MPI.implementation.launcher, environment["PATH"] ?? "")
        environment.merge(MPI.implementation.permissions) { $1 }
        self.environment = environment
    }

    /// This program with these arguments, `ranks` times under MPI's launcher, or once without it where `ranks` is nil.
    package func run(ranks: Int?, _ arguments: [String], log: String, onLine: (Substring) -> Void = { _ in }) throws {
        var command = [program] + arguments
        if let ranks {
            let slots = min(ranks, ProcessInfo.processInfo.activeProcessorCount)
            // A launcher binds ranks to cores of the machine, whether or not it was given them itself.
            let isRestricted = Processors.allowed < Processors.online
            command =
                [launcher]
                + MPI.implementation.arguments(ranks: ranks, slotsHere: slots, areBound: !isRestricted)
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
            "\(name) is not on the PATH; install \(MPI.implementation.name) (Debian: apt install "
                + "\(MPI.implementation.package)), or add its folder to PATH"
        )
    }
}
