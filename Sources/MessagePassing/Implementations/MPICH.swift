/// MPICH, and what is made of it, with its launcher Hydra.
package struct MPICH: MPIImplementation {
    package init() {}

    package let name = "MPICH"
    package let package = "mpich"
    /// By this name, since mpirun and mpiexec may be those of another MPI.
    package let launcher = "mpiexec.hydra"
    package let launcherProcesses: Set<String> = ["mpiexec.hydra"]
    package let launcherHelpers: Set<String> = ["hydra_pmi_proxy"]
    package let givesTerminals = false
    /// SIGUSR2 ends Hydra. After SIGUSR1 its exit code is 0 now and then, whatever that of the ranks is.
    package let handsSignalsOn = false

    /// Hydra asks for none.
    package let permissions: [String: String] = [:]

    /// The program has said why it ends before it calls MPI_Abort.
    package func preferences(isUnderLauncher: Bool) -> [String: String] {
        ["MPIR_CVAR_SUPPRESS_ABORT_MESSAGE": "1"]
    }

    package let remoteShellVariables = ["HYDRA_LAUNCHER_EXEC"]
    package let remoteShellOptions: Set = ["-launcher-exec", "--launcher-exec"]

    /// Hydra hands on the whole environment.
    package func arguments(ranks: Int, hostFile: String?, exporting variables: [String]) -> [String] {
        (hostFile.map { ["-f", $0] } ?? []) + ["-n", "\(ranks)"]
    }

    package func hostLine(_ host: String, slots: Int) -> String { "\(host):\(slots)" }

    /// Hydra binds no ranks unless it is told to.
    package func arguments(ranks: Int, slotsHere: Int, areBound: Bool) -> [String] {
        ["-launcher", "fork", "-hosts", "localhost", "-n", "\(ranks)"] + (areBound ? ["-bind-to", "core"] : [])
    }

    package func binding(threads: Int) -> String { "mpiexec.hydra -bind-to core:\(threads)" }

    package func selection(interface: String) -> String { "mpiexec.hydra -iface \(interface)" }

    package let bindingVariables = "HYDRA_BINDING"

    package let frame: Character = "="
    package func isAboutExitCode(_ remark: String) -> Bool { remark.contains("EXIT CODE") }
}
