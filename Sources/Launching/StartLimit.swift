import Basics
import MessagePassing

/// How long MPI's launcher may take until ranks have started. Open MPI waits for ever for a host that takes a connection and then
/// drops what it is sent. It counts only where one of the ranks would be seen here: elsewhere they may be at work.
struct StartLimit {
    private let limit: Duration
    /// Nil where all ranks are to start on this host.
    private let hosts: HostFile?
    private let isSeenHere: Bool
    private let probe: HostProbe
    private let due: ContinuousClock.Instant

    /// What places ranks without a word of `launch`: batch systems, and host files of MPI's own.
    private static let placements = [
        "SLURM_JOB_ID", "PBS_JOBID", "LSB_JOBID", "PE_HOSTFILE", "OMPI_MCA_orte_default_hostfile",
        "PRTE_MCA_prte_default_hostfile", "HYDRA_HOST_FILE",
    ]

    init(_ request: JobRequest, ranks: Int, on hosts: HostFile?, environment: [String: String]) {
        (limit, self.hosts, probe) = (request.startLimit, hosts, HostProbe(environment: environment))
        due = ContinuousClock.now + limit
        if let hosts {
            // With fewer ranks than slots this host may have none.
            isSeenHere =
                hosts.slots == ranks
                && hosts.hosts.contains { [probe] in probe.isHere($0.name) || probe.hasAddress($0.name) }
        } else {
            isSeenHere = request.launcherArguments.isEmpty && Self.placements.allSatisfy { environment[$0] == nil }
        }
    }

    /// Why the start has failed; nil while it may still succeed.
    func failure() throws -> String? {
        guard isSeenHere, ContinuousClock.now >= due else { return nil }
        let silent = try hosts.map { $0.names(without: try probe.answering($0)) } ?? []
        let start = "\(MPI.implementation.launcher) has started no rank in \(limit.components.seconds) s"
        if !silent.isEmpty { return "\(start), and \(HostFile.silence(of: silent))" }
        return start + (hosts == nil ? "" : ", though all hosts answer")
    }
}
