import Basics
import Glibc
import MessagePassing

/// Finds hosts that are gone while their ranks are missed. Ranks cannot tell a host that is cut off from a rank that is stopped, and
/// wait for either for a quarter of an hour. So hosts are asked once ranks say that they wait.
struct HostWatch {
    /// Nil where the job has no host file.
    let hosts: HostFile?
    let probe: HostProbe

    /// A host that is silent twice, so many seconds apart, is gone.
    private static let pause: UInt32 = 3

    /// Why the job is lost; nil if all hosts answer.
    func loss() throws -> JobAttempt.Loss? {
        guard let hosts else { return nil }
        let suspects = hosts.names(without: try probe.answering(hosts))
        guard !suspects.isEmpty else { return nil }
        sleep(Self.pause)
        let silent = hosts.names(without: try probe.answering(hosts)).filter(suspects.contains)
        guard !silent.isEmpty else { return nil }
        let verb = silent.count == 1 ? "does" : "do"
        return JobAttempt.Loss(
            reason: "\(silent.listed("and")) \(verb) not answer, and other ranks wait", code: EXIT_FAILURE)
    }
}
