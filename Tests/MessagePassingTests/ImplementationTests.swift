import MessagePassing
import Testing

@Suite struct ImplementationTests {
    @Test func ranksOfOpenMPI() {
        let mpi = OpenMPI()
        #expect(
            mpi.arguments(ranks: 6, hostFile: "hosts", exporting: ["A", "B"])
                == ["-x", "A", "-x", "B", "--hostfile", "hosts", "-n", "6"])
        #expect(mpi.hostLine("node-a", slots: 4) == "node-a slots=4")
        #expect(mpi.arguments(ranks: 3, slotsHere: 2, areBound: false).suffix(2) == ["--bind-to", "none"])
    }

    @Test func ranksOfMPICH() {
        let mpi = MPICH()
        #expect(mpi.arguments(ranks: 6, hostFile: "hosts", exporting: ["A"]) == ["-f", "hosts", "-n", "6"])
        #expect(mpi.hostLine("node-a", slots: 4) == "node-a:4")
        #expect(mpi.arguments(ranks: 3, slotsHere: 2, areBound: true).suffix(2) == ["-bind-to", "core"])
    }

    /// Open MPI 4 and 5, and what must be said.
    @Test func remarksOnTheExitCode() {
        let mpi = OpenMPI()
        #expect(mpi.isAboutExitCode("Primary job  terminated normally, but 1 process returned\na non-zero exit code."))
        #expect(mpi.isAboutExitCode("prterun detected that one or more processes exited with non-zero status,"))
        #expect(!mpi.isAboutExitCode("There are not enough slots available in the system to satisfy the 20 slots"))
    }

    @Test func aRunIsStartedAsItWas() {
        let launcher = MPI.implementation.launcher
        #expect(MPI.command(ranks: 1, [:]) == "dptrain")
        #expect(MPI.command(ranks: 4, [:]) == "\(launcher) -n 4 dptrain")
        #expect(MPI.command(ranks: 4, [MPI.launchVariable: "dptrain launch -n 4 --"]) == "dptrain launch -n 4 --")
    }
}
