import MessagePassing
import Testing

@Suite struct RemoteShellTests {
    @Test(arguments: [
        (["--mca", "plm_rsh_agent", "ssh -p 2222", "--bind-to", "none"], "ssh -p 2222"),
        (["--bind-to", "none", "--prtemca", "plm_ssh_agent", "agent"], "agent"),
        (["--bind-to", "none"], nil), (["--mca", "plm_rsh_agent"], nil), ([], nil),
    ])
    func ofOpenMPI(arguments: [String], program: String?) {
        #expect(OpenMPI().remoteShell(in: arguments) == program)
    }

    @Test func ofMPICH() {
        #expect(MPICH().remoteShell(in: ["-bind-to", "core", "-launcher-exec", "/opt/agent"]) == "/opt/agent")
    }

    /// What a launch listens for in the words of its ranks. A rank that answers is no sign of a lost host.
    @Test func ranksThatMissOthers() {
        let waiting = "dptrain: rank 0 on a has waited for"
        #expect(StallReport.missesRanks("\(waiting) other ranks for 60 s. Rank 1 on b does not answer: it is stopped."))
        #expect(
            StallReport.missesRanks(
                "\(waiting) other ranks for 60 s. 4 more ranks do not answer, or do something else."))
        #expect(StallReport.missesRanks("\(waiting) 60 s for the first message of another rank."))
        #expect(
            !StallReport.missesRanks("\(waiting) other ranks for 60 s. Rank 1 on b has been reading data for 70 s."))
        #expect(!StallReport.missesRanks("dptrain: rank 0 on a has been reading data for 60 s."))
    }
}
