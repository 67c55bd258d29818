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

    /// A helper stands between the launcher and the rank, and scripts between all of them.
    @Test func launchersAreFoundByTheirNames() throws {
        let folder = try TemporaryFolder()
        defer { folder.remove() }
        let names = [try #require(MPI.implementation.launcherHelpers.min()), MPI.implementation.launcher]
        var command = "sleep 100 & echo $! >number.new; mv number.new number; wait"
        for name in names {
            let text = "#!/bin/sh\ncd \(folder.path)\nsh -c '\(command)'\n:\n"
            try POSIXFileSystem().replace("\(folder.path)/\(name)", with: Array(text.utf8))
            #expect(chmod("\(folder.path)/\(name)", 0o755) == 0)
            command = "./\(name); :"
        }
        let child = try Self.start("\(folder.path)/\(names[1])")
        for _ in 0..<60_000 where access("\(folder.path)/number", F_OK) != 0 { usleep(1000) }
        let rank = try #require(SystemText("\(folder.path)/number")?.number.flatMap { Int32(exactly: $0) })
        let chain = Launcher.chain(above: rank)
        #expect(chain.map(\.name) == names)
        #expect(chain.last?.process == child.identifier)
        // Those above a launcher are another job's.
        #expect(Launcher.chain(above: chain[0].process).map(\.name) == [names[1]])
        child.send(SIGKILL)
        child.waitUntilEnd()
        kill(chain[0].process, SIGKILL)
        kill(rank, SIGKILL)
    }

    @Test func aProcessWithoutALauncherHasThatOfTheTests() throws {
        let child = try Self.start("sleep", "100")
        #expect(
            Launcher.chain(above: child.identifier).map(\.process) == Launcher.chain(above: getpid()).map(\.process))
        child.send(SIGKILL)
        child.waitUntilEnd()
    }
}
