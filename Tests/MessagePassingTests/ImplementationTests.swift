import Basics
import Glibc
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

    /// Open MPI 4 and 5.
    @Test(arguments: ["pid.123", "prterun.host.123.\(geteuid())"]) func whatALauncherHasKeptIsRemoved(name: String)
        throws
    {
        let folder = try TemporaryFolder()
        defer { folder.remove() }
        let path = "\(folder.path)/\(name)"
        try POSIXFileSystem().createFolder("\(path)/1")
        try POSIXFileSystem().replace("\(path)/1/data", with: [1])
        OpenMPI().removeRemains(of: 123, [:])
        OpenMPI().removeRemains(of: 23, ["PMIX_SERVER_TMPDIR": path])
        // Not a folder that bears a launcher's number.
        OpenMPI().removeRemains(of: 123, ["PMIX_SERVER_TMPDIR": folder.path])
        #expect(try POSIXFileSystem().read("\(path)/1/data") == [1])
        OpenMPI().removeRemains(of: 123, ["PMIX_SERVER_TMPDIR": path])
        #expect(try POSIXFileSystem().names(in: folder.path) == [])
    }

    @Test func aRunIsStartedAsItWas() {
        let launcher = MPI.implementation.launcher
        #expect(MPI.command(ranks: 1, [:]) == "dptrain")
        #expect(MPI.command(ranks: 4, [:]) == "\(launcher) -n 4 dptrain")
        #expect(MPI.command(ranks: 4, [MPI.launchVariable: "dptrain launch -n 4 --"]) == "dptrain launch -n 4 --")
    }
}
