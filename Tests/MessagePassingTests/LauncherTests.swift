import Basics
import FoundationEssentials
import Glibc
import MessagePassing
import Testing

/// Which process has started a rank, and when it is gone.
struct LauncherTests {
    private static func start(_ words: String...) throws -> ChildProcess {
        try ChildProcess(
            "/usr/bin/env", words, environment: ["PATH": "/usr/bin:/bin"], output: STDOUT_FILENO, error: STDERR_FILENO)
    }

    @Test func theEndOfAProcessIsSeen() throws {
        let child = try Self.start("sleep", "100")
        let end = try #require(ProcessEnd(of: child.identifier))
        #expect(!end.isThere(within: 0))
        child.send(SIGKILL)
        end.wait()
        #expect(end.isThere(within: 0))
        child.waitUntilEnd()
        #expect(ProcessEnd(of: child.identifier) == nil)
    }

    /// A script stands between the launcher and the rank.
    @Test func theLauncherIsFoundByItsName() throws {
        let folder = try TemporaryFolder()
        defer { folder.remove() }
        let launcher = "\(folder.path)/\(MPI.implementation.launcher)"
        let number = "\(folder.path)/number"
        let text = "#!/bin/sh\nsh -c 'sleep 100 & echo $! >\(number).new; mv \(number).new \(number); wait'\n:\n"
        try POSIXFileSystem().replace(launcher, with: Array(text.utf8))
        #expect(chmod(launcher, 0o755) == 0)
        let child = try Self.start(launcher)
        while access(number, F_OK) != 0 { usleep(1000) }
        let rank = try #require(SystemText(number)?.number.flatMap { Int32(exactly: $0) })
        #expect(Launcher.nearest(above: rank)?.process == child.identifier)
        #expect(Launcher.nearest(above: rank)?.name == MPI.implementation.launcher)
        child.send(SIGKILL)
        child.waitUntilEnd()
        kill(rank, SIGKILL)
    }

    @Test func aProcessWithoutALauncherHasThatOfTheTests() throws {
        let child = try Self.start("sleep", "100")
        #expect(Launcher.nearest(above: child.identifier)?.process == Launcher.nearest(above: getpid())?.process)
        child.send(SIGKILL)
        child.waitUntilEnd()
    }
}
