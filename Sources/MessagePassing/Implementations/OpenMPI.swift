import FoundationEssentials

/// Versions 4 and 5. Version 5 starts ranks by PRRTE, whose settings have names of their own.
package struct OpenMPI: MPIImplementation {
    package init() {}

    package let name = "Open MPI"
    package let package = "openmpi-bin"
    package let launcher = "mpirun"
    package let launcherProcesses: Set<String> = [
        "mpirun", "mpiexec", "orterun", "prterun", "mpirun.openmpi", "mpiexec.openmpi",
    ]
    package let launcherHelpers: Set<String> = ["orted", "prted"]
    package let givesTerminals = true
    package let handsSignalsOn = true

    package let permissions = [
        "OMPI_ALLOW_RUN_AS_ROOT": "1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1",
        "OMPI_MCA_rmaps_base_oversubscribe": "1", "PRTE_MCA_rmaps_default_mapping_policy": ":oversubscribe",
    ]

    package func preferences(isUnderLauncher: Bool) -> [String: String] {
        // A rank that waits would spin on the core that its reader thread, or another job, needs.
        var preferences = ["OMPI_MCA_mpi_yield_when_idle": "1"]
        // A process without mpirun would otherwise start a daemon of Open MPI's beside it.
        if !isUnderLauncher { preferences["OMPI_MCA_ess_singleton_isolated"] = "1" }
        let environment = ProcessInfo.processInfo.environment
        if isUnderLauncher, !Self.hasRoomForSharedFiles(environment) {
            preferences["OMPI_MCA_btl_sm_backing_directory"] = SessionFolder(environment).path
        }
        return preferences
    }

    /// Whether /dev/shm has room for the 16 MiB of each rank of this node that version 5 wants there. Without room it does not start.
    /// Version 4 wants less, and does without; it does not know the other folder.
    private static func hasRoomForSharedFiles(_ environment: [String: String]) -> Bool {
        let ranks = environment["OMPI_COMM_WORLD_LOCAL_SIZE"].flatMap { UInt64($0) } ?? 1
        guard let free = SessionFolder.freeBytes(of: "/dev/shm") else { return true }
        return free / (16 << 20) >= ranks
    }

    package let remoteShellVariables = ["OMPI_MCA_plm_rsh_agent", "PRTE_MCA_plm_ssh_agent"]
    package let remoteShellOptions: Set = ["plm_rsh_agent", "plm_ssh_agent"]

    package func arguments(ranks: Int, hostFile: String?, exporting variables: [String]) -> [String] {
        variables.flatMap { ["-x", $0] } + (hostFile.map { ["--hostfile", $0] } ?? []) + ["-n", "\(ranks)"]
    }

    package func hostLine(_ host: String, slots: Int) -> String { "\(host) slots=\(slots)" }

    package func arguments(ranks: Int, slotsHere: Int, areBound: Bool) -> [String] {
        // Ranks beyond a host's slots yield when idle.
        ["-n", "\(ranks)", "--host", "localhost:\(slotsHere)"] + (areBound ? [] : ["--bind-to", "none"])
    }

    package func binding(threads: Int) -> String { "mpirun --map-by slot:PE=\(threads) --bind-to core" }

    package func selection(interface: String) -> String {
        "mpirun --mca btl_tcp_if_include \(interface) --mca oob_tcp_if_include \(interface)"
    }

    package let bindingVariables = "OMPI_MCA_hwloc_base_binding_policy or OMPI_MCA_rmaps_base_mapping_policy"

    package let frame: Character = "-"
    package func isAboutExitCode(_ remark: String) -> Bool { remark.contains("non-zero") }

    package func requireRoom(_ environment: [String: String], rank: Int) throws {
        try SessionFolder(environment).requireRoom(rank: rank)
    }

    package func isSharedFile(_ name: Substring) -> Bool {
        name.hasPrefix("vader_segment.") || name.hasPrefix("sm_segment.")
    }

    package func removeRemains(of launcher: Int32, _ environment: [String: String]) {
        SessionFolder.remove(of: launcher, environment)
    }
}
