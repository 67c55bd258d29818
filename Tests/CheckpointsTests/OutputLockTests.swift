import Basics
import Checkpoints
import Foundation
import TestSupport
import Testing

/// One run at a time writes to an output folder. The tests run one after the other: a process that one of them starts has the open
/// files of all, for a moment.
@Suite(.serialized) struct OutputLockTests {
    @Test func aSecondRunIsRefusedAndToldWhoIsThere() throws {
        let directory = try TemporaryDirectory()
        let folder = directory.path("out")
        let first = try OutputLock(folder: folder)
        #expect(first.isHeld)
        let error = #expect(throws: FileError.self) { try OutputLock(folder: folder) }
        #expect(error?.kind == .folder)
        #expect(error?.reason.contains("process \(getpid()) on \(HostName.current)") == true, "\(error?.reason ?? "")")
        withExtendedLifetime(first) {}
    }

    @Test func nothingIsLeftBehind() throws {
        let directory = try TemporaryDirectory()
        let folder = directory.path("out")
        for _ in 0..<3 { _ = try OutputLock(folder: folder) }
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder).isEmpty)
    }

    @Test func aFileWithoutLockIsTaken() throws {
        let directory = try TemporaryDirectory()
        let folder = directory.path("out")
        try POSIXFileSystem().createFolder(folder)
        // As a killed process on a host with a long name leaves it.
        let left = #"{"host":""# + String(repeating: "a", count: 200) + #"","process":4194304}"#
        try Data(left.utf8).write(to: URL(fileURLWithPath: "\(folder)/\(OutputLock.name)"))
        let lock = try OutputLock(folder: folder)
        let error = #expect(throws: FileError.self) { try OutputLock(folder: folder) }
        #expect(error?.reason.contains("process \(getpid()) on") == true, "\(error?.reason ?? "")")
        withExtendedLifetime(lock) {}
    }

    @Test func aLockedFolderIsNew() throws {
        let directory = try TemporaryDirectory()
        let folder = directory.path("out")
        let lock = try OutputLock(folder: folder)
        _ = try CheckpointStore(folder: folder, keep: 1, start: .new)
        withExtendedLifetime(lock) {}
    }

    private static func attempt(_ text: String) -> OutputLock.Attempt? {
        OutputLock.Attempt([OutputLock.Attempt.variable: text])
    }

    /// The earlier one may live on a host that does not answer, and its lock with it.
    @Test func aLaterAttemptOfAJobTakesOver() throws {
        let directory = try TemporaryDirectory()
        let folder = directory.path("out")
        var earlier: OutputLock? = try OutputLock(folder: folder, attempt: Self.attempt("job:1"))
        try earlier?.requireOwn()
        let later = try OutputLock(folder: folder, attempt: Self.attempt("job:2"))
        let error = #expect(throws: FileError.self) { try earlier?.requireOwn() }
        #expect(error?.reason.contains("another run has taken this folder") == true, "\(error?.reason ?? "")")
        earlier = nil
        try later.requireOwn()
        #expect(OutputLock.isTaken(folder))
        #expect(throws: FileError.self) { try OutputLock(folder: folder, attempt: Self.attempt("job:2")) }
    }

    @Test(arguments: ["job:1", "job:0", "other:2", "job", "job:", ":2", "job:x", ""])
    func anotherAttemptDoesNot(_ text: String) throws {
        let directory = try TemporaryDirectory()
        let folder = directory.path("out")
        let lock = try OutputLock(folder: folder, attempt: Self.attempt("job:1"))
        #expect(throws: FileError.self) { try OutputLock(folder: folder, attempt: Self.attempt(text)) }
        try lock.requireOwn()
    }

    /// A second run gets in; the first one notices, and does not delete the second one's file.
    @Test func withoutLocksTheLastRunHasTheFolder() throws {
        let directory = try TemporaryDirectory()
        let folder = directory.path("out")
        // A command that no kernel has.
        var first: OutputLock? = try OutputLock(folder: folder, setLock: -1)
        #expect(first?.isHeld == false)
        try first?.requireOwn()
        do {
            let second = try OutputLock(folder: folder, setLock: -1)
            #expect(throws: FileError.self) { try first?.requireOwn() }
            first = nil
            try second.requireOwn()
            #expect(FileManager.default.fileExists(atPath: "\(folder)/\(OutputLock.name)"))
        }
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder).isEmpty)
    }

    // MARK: Sweeps

    @Test func aSecondSweepIsRefused() throws {
        let directory = try TemporaryDirectory()
        let folder = directory.path("sweep")
        let first = try OutputLock(folder: folder, of: .sweep)
        let error = #expect(throws: FileError.self) { try OutputLock(folder: folder, of: .sweep) }
        #expect(error?.reason == "another sweep writes to this folder (process \(getpid()) on \(HostName.current))")
        #expect(error?.remedy?.contains("name another output in the file") == true)
        #expect(throws: FileError.self) { try OutputLock(folder: folder, of: .task) }
        #expect(!OutputLock.isInherited(folder) && !OutputLock.isAbandoned(folder))
        withExtendedLifetime(first) {}
    }

    /// Tasks of a job array train different runs of one sweep.
    @Test func tasksKeepSweepsOutAndNotEachOther() throws {
        let directory = try TemporaryDirectory()
        let folder = directory.path("sweep")
        var tasks = try (0..<2).map { _ in try OutputLock(folder: folder, of: .task) }
        let error = #expect(throws: FileError.self) { try OutputLock(folder: folder, of: .sweep) }
        #expect(error?.reason == "a task of the sweep (--only) writes to this folder")
        tasks.removeLast()
        #expect(throws: FileError.self) { try OutputLock(folder: folder, of: .sweep) }
        tasks = []
        _ = try OutputLock(folder: folder, of: .sweep)
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder).isEmpty)
    }

    /// As a sweep that is killed leaves it: the file names a process that is gone, and a run has the open file.
    @Test func aLockLastsAsLongAsTheRunThatInheritedIt() throws {
        let directory = try TemporaryDirectory()
        let folder = directory.path("sweep")
        let file = "\(folder)/\(OutputLock.name)"
        let lock = try OutputLock(folder: folder, of: .sweep)
        let run = try ChildProcess(
            "/bin/sleep", ["60"], environment: [:], output: STDERR_FILENO, error: STDERR_FILENO,
            inherited: lock.inheritable)
        let gone = try ChildProcess("/bin/true", [], environment: [:], output: STDERR_FILENO, error: STDERR_FILENO)
        gone.waitUntilEnd()
        #expect(!OutputLock.isInherited(folder))
        let text = #"{"host":"\#(HostName.current)","process":\#(gone.identifier)}"#
        // In place: a new file would have no lock.
        let handle = try #require(FileHandle(forWritingAtPath: file))
        try handle.truncate(atOffset: 0)
        try handle.write(contentsOf: Data(text.utf8))
        try handle.close()
        // This process no longer has the open file. The lock closes its descriptor later, which must not be another test's by then.
        let nothing = open("/dev/null", O_RDONLY | O_CLOEXEC)
        #expect(nothing >= 0 && dup2(nothing, lock.inheritable) >= 0)
        close(nothing)
        #expect(OutputLock.isInherited(folder) && OutputLock.isTaken(folder))
        #expect(throws: FileError.self) { try OutputLock(folder: folder, of: .sweep) }
        run.send(SIGKILL)
        run.waitUntilEnd()
        #expect(!OutputLock.isInherited(folder) && OutputLock.isAbandoned(folder))
        withExtendedLifetime(lock) {}
    }
}
