import CMPI
import FoundationEssentials

/// What MPIs do each in their own way: how ranks are started, and what surrounds them. All else is the same MPI.
package protocol MPIImplementation: Sendable {
    var name: String { get }
    /// Of Debian, with the program that starts ranks.
    var package: String { get }
    /// The program that starts ranks.
    var launcher: String { get }
    /// Names that the launcher has as a process.
    var launcherProcesses: Set<String> { get }
    /// Names of the processes by which the launcher starts ranks, on other hosts or on its own.
    var launcherHelpers: Set<String> { get }
    /// Whether the launcher's ranks write to a terminal, whatever it writes to itself.
    var givesTerminals: Bool { get }
    /// Whether the launcher hands SIGUSR1 and SIGUSR2 to the ranks, and ends with their exit code all the same.
    var handsSignalsOn: Bool { get }

    /// Lets the launcher run as root, and start more ranks than there are cores.
    var permissions: [String: String] { get }
    /// The variables that a rank wants to have before MPI starts, where the user has not set them.
    func preferences(isUnderLauncher: Bool) -> [String: String]
    /// The variables that may name a program in the place of ssh.
    var remoteShellVariables: [String] { get }
    /// What stands before such a program among the launcher's arguments.
    var remoteShellOptions: Set<String> { get }

    /// Arguments for so many ranks. `hostFile` has been written by `hostLine`. Other hosts get the variables too.
    func arguments(ranks: Int, hostFile: String?, exporting variables: [String]) -> [String]
    /// A line of a host file.
    func hostLine(_ host: String, slots: Int) -> String
    /// Arguments for ranks on this machine alone, also inside a job of a batch system.
    func arguments(ranks: Int, slotsHere: Int, areBound: Bool) -> [String]
    /// What gives each rank so many cores.
    func binding(threads: Int) -> String
    /// What makes ranks use the one network interface.
    func selection(interface: String) -> String
    /// The environment in which ranks are bound to the wrong cores.
    var bindingVariables: String { get }

    /// What the launcher's remarks begin and end with: a line of nothing else.
    var frame: Character { get }
    /// Whether a remark of the launcher says no more than that ranks ended with an exit code other than 0.
    func isAboutExitCode(_ remark: String) -> Bool

    /// Throws where MPI would not start for want of room.
    func requireRoom(_ environment: [String: String], rank: Int) throws

    /// Whether ranks of a node share memory by a file of this name, which nobody opens by it once all of them have started.
    func isSharedFile(_ name: Substring) -> Bool
    /// Removes from the disk what a launcher that is gone has left there for the ranks of this environment.
    func removeRemains(of launcher: Int32, _ environment: [String: String])
}

extension MPIImplementation {
    package func requireRoom(_ environment: [String: String], rank: Int) throws {}
    package func isSharedFile(_ name: Substring) -> Bool { false }
    package func removeRemains(of launcher: Int32, _ environment: [String: String]) {}

    /// The program that the launcher's arguments name in the place of ssh.
    package func remoteShell(in arguments: [String]) -> String? {
        zip(arguments, arguments.dropFirst()).first { remoteShellOptions.contains($0.0) }?.1
    }
}

/// The one that the program is built with.
package enum MPI {
    package static let implementation: any MPIImplementation = cmpi_is_open_mpi() != 0 ? OpenMPI() : MPICH()

    /// Holds the words with which `dptrain launch` has started a run.
    package static let launchVariable = "DPTRAIN_LAUNCHED_BY"

    /// The words, before the options, that start this program as it has been started.
    package static func command(
        ranks: Int, _ environment: [String: String] = ProcessInfo.processInfo.environment
    ) -> String {
        environment[launchVariable] ?? (ranks > 1 ? "\(implementation.launcher) -n \(ranks) dptrain" : "dptrain")
    }
}
