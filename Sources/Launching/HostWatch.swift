import Basics
import Glibc
import MessagePassing
import Synchronization

/// Finds hosts that are gone while their ranks are silent. Ranks cannot tell a host that is cut off from a rank that is stopped, and
/// wait for either for a quarter of an hour. So hosts are asked each time ranks say that others are silent.
final class HostWatch: Sendable {
    private struct State {
        var isAsking = false
        var loss: JobAttempt.Loss?
    }

    /// Those with ranks; nil where the job has no host file.
    private let hosts: HostFile?
    private let probe: HostProbe
    private let state = Mutex(State())

    /// A host that is silent twice, so many seconds apart, is gone.
    private static let pause: UInt32 = 3

    init(hosts: HostFile?, probe: HostProbe) { (self.hosts, self.probe) = (hosts, probe) }

    /// Why the job is lost; nil as long as no host is known to be gone.
    var loss: JobAttempt.Loss? { state.withLock { $0.loss } }

    /// Asks in the background, unless it does so already. A question that cannot be asked says nothing of a host.
    func ask() {
        let isNew = state.withLock { state in
            defer { state.isAsking = true }
            return !state.isAsking
        }
        guard isNew, let hosts else { return }
        do {
            try BackgroundThread.start("dptrain hosts") { [self] in
                let gone = (try? hostsThatAreGone(among: hosts)) ?? []
                state.withLock { state in
                    state.isAsking = false
                    guard !gone.isEmpty else { return }
                    let reason = "\(HostFile.silence(of: gone)), and other ranks wait"
                    state.loss = JobAttempt.Loss(reason: reason, code: EXIT_FAILURE)
                }
            }
        } catch {
            state.withLock { $0.isAsking = false }
        }
    }

    private func hostsThatAreGone(among hosts: HostFile) throws -> [String] {
        let suspects = hosts.names(without: try probe.answering(hosts))
        guard !suspects.isEmpty else { return [] }
        var rest = Self.pause
        while rest > 0 { rest = sleep(rest) }
        return hosts.names(without: try probe.answering(hosts)).filter(suspects.contains)
    }
}
