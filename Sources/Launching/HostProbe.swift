import Basics
import FoundationEssentials
import Glibc
import MessagePassing

/// Asks hosts whether they can start a rank, in the way in which MPI starts one there: by ssh, or what a variable names.
struct HostProbe {
    let environment: [String: String]
    /// A host that needs longer is gone. A busy one takes more than a second for the handshake of ssh, which has given up on a host that
    /// takes no connection before.
    var patience = Duration.seconds(6)

    /// The hosts that answer, in their order.
    func answering(_ file: HostFile) throws -> HostFile {
        let nowhere = open("/dev/null", O_WRONLY | O_CLOEXEC)
        guard nowhere >= 0 else { throw FileSystemError("open", "/dev/null", code: errno) }
        defer { close(nowhere) }
        let asked = try file.hosts.map { host in
            (host, isHere(host.name) ? nil : try ask(host.name, nowhere))
        }
        let deadline = ContinuousClock.now + patience
        let answering = asked.filter { _, question in question.map { answered($0, until: deadline) } ?? true }
        return HostFile(answering.map(\.0))
    }

    /// By its name, with or without a domain. By an address of its own it is asked as others are.
    func isHere(_ name: String) -> Bool {
        if ["localhost", "127.0.0.1", HostName.current].contains(name) { return true }
        let hasLetters = name.contains(where: \.isLetter)
        return hasLetters && name.prefix { $0 != "." } == HostName.current.prefix { $0 != "." }
    }

    /// Whether it is an address of this host.
    func hasAddress(_ name: String) -> Bool { NetworkInterface.all.contains { $0.addressText == name } }

    private func ask(_ host: String, _ nowhere: Int32) throws -> ChildProcess {
        let named = MPI.implementation.remoteShellVariables.lazy.compactMap { environment[$0] }.first
        // Open MPI takes several with colons between them, and tries the first one first.
        let agent = (named ?? "ssh -o BatchMode=yes -o ConnectTimeout=2").prefix { $0 != ":" }
        let words = agent.split(separator: " ").map(String.init)
        return try ChildProcess(
            "/usr/bin/env", words + [host, "true"], environment: environment, output: nowhere, error: nowhere)
    }

    private func answered(_ question: ChildProcess, until deadline: ContinuousClock.Instant) -> Bool {
        repeat {
            if let end = question.poll() {
                if case .exit(0) = end { return true }
                return false
            }
            usleep(10_000)
        } while ContinuousClock.now < deadline
        question.send(SIGKILL)
        question.waitUntilEnd()
        return false
    }
}
