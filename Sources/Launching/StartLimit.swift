import Basics
import MessagePassing

/// How long MPI's launcher may take until ranks have started. Open MPI waits for ever for a host that takes a connection and then
/// drops what it is sent.
struct StartLimit {
    private let limit: Duration
    /// Nil where all ranks are to start on this host.
    private let hosts: HostFile?
    /// Whether a rank would be seen here.
    private let isSeenHere: Bool
    private let probe: HostProbe
    private var due: ContinuousClock.Instant

    init(_ limit: Duration, ranks: Int, on hosts: HostFile?, _ probe: HostProbe) {
        (self.limit, self.hosts, self.probe) = (limit, hosts, probe)
        // With fewer ranks than slots this host may have none.
        isSeenHere =
            hosts.map {
                $0.slots == ranks && $0.hosts.contains { probe.isHere($0.name) || probe.hasAddress($0.name) }
            } ?? true
        due = ContinuousClock.now + limit
    }

    /// Why the start has failed; nil while it may still succeed. Where no rank would be seen here, ranks may be at work on
    /// hosts that all answer.
    mutating func failure() throws -> String? {
        guard ContinuousClock.now >= due else { return nil }
        let silent = try hosts.map { $0.names(without: try probe.answering($0)) } ?? []
        due = ContinuousClock.now + limit
        let start = "\(MPI.implementation.launcher) has started no rank in \(limit.components.seconds) s"
        if !silent.isEmpty {
            return "\(start), and \(silent.listed("and")) \(silent.count == 1 ? "does" : "do") not answer"
        }
        guard isSeenHere else { return nil }
        return start + (hosts == nil ? "" : ", though all hosts answer")
    }
}
