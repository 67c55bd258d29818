import Basics
import Checkpoints
import Foundation
import TestSupport
import Testing

private func damage(_ path: String) throws {
    var bytes = try Data(contentsOf: URL(fileURLWithPath: path))
    bytes[bytes.count / 2] ^= 1
    try bytes.write(to: URL(fileURLWithPath: path))
}

@Suite struct CheckpointStoreTests {
    @Test func keepsTheInitialStateTheLastAndTheBest() throws {
        try CheckpointFixture.withFolder { folder in
            let store = try CheckpointStore(folder: folder, keep: 2, start: .new)
            for step in [0, 10, 20, 30, 40] {
                try store.save(CheckpointFixture.state(step: step), as: step == 20 ? [.step, .best] : .step)
            }
            #expect(
                try CheckpointFixture.names(in: folder)
                    == ["best.h5", "latest.h5", "step-00000000.h5", "step-00000030.h5", "step-00000040.h5"])
            #expect(try CheckpointFile.read(folder + "/latest.h5") == CheckpointFixture.state(step: 40))
            #expect(try CheckpointFile.read(folder + "/best.h5") == CheckpointFixture.state(step: 20))
            #expect(try store.newest()?.state == CheckpointFixture.state(step: 40))
            #expect(try store.newest()?.warnings == [])
        }
    }

    @Test func bestAloneWritesNoStepFile() throws {
        try CheckpointFixture.withFolder { folder in
            let store = try CheckpointStore(folder: folder, keep: 2, start: .new)
            try store.save(CheckpointFixture.state(step: 0), as: .step)
            try store.save(CheckpointFixture.state(step: 5), as: .best)
            #expect(try CheckpointFixture.names(in: folder) == ["best.h5", "latest.h5", "step-00000000.h5"])
            // It is the newest whole state all the same.
            #expect(try store.newest()?.state.position.globalStep == 5)
        }
    }

    @Test func resumingFromAnEarlierStepDoesNotDeleteWhatItSaves() throws {
        try CheckpointFixture.withFolder { folder in
            let store = try CheckpointStore(folder: folder, keep: 1, start: .new)
            try store.save(CheckpointFixture.state(step: 90), as: .step)
            try store.save(CheckpointFixture.state(step: 50), as: .step)
            #expect(
                try CheckpointFixture.names(in: folder) == ["latest.h5", "step-00000050.h5", "step-00000090.h5"])
        }
    }

    @Test func damagedNewestFallsBackLoudly() throws {
        try CheckpointFixture.withFolder { folder in
            let store = try CheckpointStore(folder: folder, keep: 3, start: .new)
            for step in [0, 10, 20] { try store.save(CheckpointFixture.state(step: step), as: .step) }
            // The newest file has two names.
            try damage(folder + "/step-00000020.h5")
            let found = try #require(try store.newest())
            #expect(try found.state == CheckpointFixture.state(step: 10))
            #expect(found.file == folder + "/step-00000010.h5")
            #expect(found.warnings.count == 2)
            #expect(found.warnings.allSatisfy { $0.contains("damaged") && $0.contains("step-00000010.h5") })
            #expect(found.warnings.contains { $0.contains("step-00000020.h5") })

            try damage(folder + "/step-00000010.h5")
            try damage(folder + "/step-00000000.h5")
            let error = #expect(throws: FileError.self) { try store.newest() }
            #expect(error?.description.contains("none of its 4 checkpoints is whole") == true)
        }
    }

    /// A run that was killed after the file of its last state got its first name.
    @Test func theNewestStateBecomesTheLatest() throws {
        try CheckpointFixture.withFolder { folder in
            let store = try CheckpointStore(folder: folder, keep: 3, start: .new)
            for step in [0, 10] { try store.save(CheckpointFixture.state(step: step), as: .step) }
            try FileManager.default.removeItem(atPath: folder + "/latest.h5")
            try FileManager.default.linkItem(atPath: folder + "/step-00000000.h5", toPath: folder + "/latest.h5")
            #expect(try store.newest()?.state == CheckpointFixture.state(step: 10))
            #expect(try CheckpointFile.read(folder + "/latest.h5") == CheckpointFixture.state(step: 10))
        }
    }

    @Test func emptyFolderHasNothingToResume() throws {
        try CheckpointFixture.withFolder { folder in
            let store = try CheckpointStore(folder: folder + "/a/b", keep: 1, start: .resume)
            #expect(try store.newest() == nil)
        }
    }

    @Test func nonEmptyFolderIsRefusedAndOverwriteDeletesOnlyOurs() throws {
        try CheckpointFixture.withFolder { folder in
            let store = try CheckpointStore(folder: folder, keep: 1, start: .new)
            try store.save(CheckpointFixture.state(step: 3), as: [.step, .best])
            for name in ["notes.txt", "step-3.h5", "log.jsonl", "config.toml", ".dptrain-latest.h5.tmp"] {
                try Data("x".utf8).write(to: URL(fileURLWithPath: "\(folder)/\(name)"))
            }
            let error = #expect(throws: FileError.self) {
                try CheckpointStore(folder: folder, keep: 1, start: .new)
            }
            #expect(error?.kind == .folder && error?.description.contains("--overwrite") == true)
            #expect(try CheckpointFixture.names(in: folder).contains("latest.h5"))

            _ = try CheckpointStore(folder: folder, keep: 1, start: .resume)
            #expect(try !CheckpointFixture.names(in: folder).contains(".dptrain-latest.h5.tmp"))
            #expect(try CheckpointFixture.names(in: folder).contains("log.jsonl"))

            _ = try CheckpointStore(folder: folder, keep: 1, start: .overwrite)
            #expect(try CheckpointFixture.names(in: folder) == ["notes.txt", "step-3.h5"])
        }
    }

    /// A run that failed ahead of its first checkpoint leaves these, and nothing to resume.
    @Test func aFolderWithoutACheckpointIsNew() throws {
        try CheckpointFixture.withFolder { folder in
            _ = try CheckpointStore(folder: folder, keep: 1, start: .new)
            for name in ["log.jsonl", "config.toml", ".dptrain-step-00000000.h5.tmp"] {
                try Data("x".utf8).write(to: URL(fileURLWithPath: "\(folder)/\(name)"))
            }
            let store = try CheckpointStore(folder: folder, keep: 1, start: .new)
            try store.save(CheckpointFixture.state(step: 0), as: .step)
            let error = #expect(throws: FileError.self) { try CheckpointStore(folder: folder, keep: 1, start: .new) }
            #expect(error?.description.contains("--resume") == true)
        }
        try CheckpointFixture.withFolder { folder in
            _ = try CheckpointStore(folder: folder, keep: 1, start: .new)
            try Data("x".utf8).write(to: URL(fileURLWithPath: "\(folder)/notes.txt"))
            let error = #expect(throws: FileError.self) { try CheckpointStore(folder: folder, keep: 1, start: .new) }
            // There is nothing to resume.
            #expect(
                error?.description.contains("--overwrite") == true && error?.description.contains("--resume") == false)
        }
    }

    /// Wherever a first start fails or is killed: with all later calls it cannot tidy up.
    @Test func aStartThatFailedAnywhereCanBeMadeAgain() throws {
        for call in 1...8 {
            try CheckpointFixture.withFolder { folder in
                let faulty = FaultyFileSystem(failing: call, recovers: false)
                #expect(throws: FileError.self) {
                    try CheckpointStore(folder: folder, keep: 1, start: .new, fileSystem: faulty)
                }
                _ = try CheckpointStore(folder: folder, keep: 1, start: .new)
                #expect(try CheckpointFixture.names(in: folder) == [])
            }
        }
    }

    /// A folder that cannot be read may have checkpoints.
    @Test func aFolderThatCannotBeListedIsNotSaidToBeEmpty() throws {
        try CheckpointFixture.withFolder { folder in
            let faulty = FaultyFileSystem(failing: 9, recovers: false, failsToList: true)
            let store = try CheckpointStore(folder: folder, keep: 1, start: .new, fileSystem: faulty)
            let error = #expect(throws: FileError.self) { try store.save(CheckpointFixture.state(step: 0), as: .step) }
            #expect(error?.description.contains("if the folder has a checkpoint") == true, "\(error.debugDescription)")
        }
    }

    @Test func aFullDiskAheadOfTheFirstCheckpointLeavesNone() throws {
        try CheckpointFixture.withFolder { folder in
            _ = try CheckpointStore(folder: folder, keep: 1, start: .new)
            func failure(_ state: RunState) -> String {
                do {
                    let faulty = FaultyFileSystem(failing: 10, recovers: false)
                    let store = try CheckpointStore(folder: folder, keep: 1, start: .resume, fileSystem: faulty)
                    try store.save(state, as: .step)
                    return "nothing failed"
                } catch {
                    return "\(error)"
                }
            }
            let first = try failure(CheckpointFixture.state(step: 0))
            #expect(first.contains("there is no checkpoint yet") && !first.contains("whole"), "\(first)")
            try CheckpointStore(folder: folder, keep: 1, start: .new).save(CheckpointFixture.state(step: 0), as: .step)
            let second = try failure(CheckpointFixture.state(step: 3))
            #expect(second.contains("earlier checkpoints are whole") && second.contains("--resume"), "\(second)")
        }
    }

    @Test func unusableFoldersAreRefused() throws {
        try CheckpointFixture.withFolder { folder in
            try Data("x".utf8).write(to: URL(fileURLWithPath: folder))
            let error = #expect(throws: FileError.self) {
                try CheckpointStore(folder: folder + "/below-a-file", keep: 1, start: .new)
            }
            #expect(error?.kind == .folder && error?.description.contains("--output") == true)
        }
        // Nothing can be created there, by root either.
        let error = #expect(throws: FileError.self) {
            try CheckpointStore(folder: "/proc/self", keep: 1, start: .resume)
        }
        #expect(error?.kind == .folder)
    }

    // MARK: Failures

    /// Whichever call fails, and whether the calls after it fail too: the newest whole checkpoint is the old or the new
    /// one, the error says what happened, and the next start leaves no temporary file.
    @Test(arguments: [true, false])
    func anyFailingCallLeavesAWholeCheckpoint(recovers: Bool) throws {
        let states = try (0...3).map { try CheckpointCodec.encode(CheckpointFixture.state(step: $0)) }
        var call = 1
        var failures = 0
        while true {
            let finished = try CheckpointFixture.withFolder { folder -> Bool in
                let store = try CheckpointStore(folder: folder, keep: 1, start: .new)
                for step in 0...2 { try store.save(states[step], globalStep: step, as: [.step, .best]) }
                let faulty = FaultyFileSystem(failing: call, recovers: recovers)
                var saved = false
                do throws(FileError) {
                    let store = try CheckpointStore(folder: folder, keep: 1, start: .resume, fileSystem: faulty)
                    try store.save(states[3], globalStep: 3, as: [.step, .best])
                    saved = true
                } catch {
                    failures += 1
                    #expect([FileError.Kind.diskFull, .write, .folder].contains(error.kind))
                    #expect(error.description.contains("No space left on device"), "\(error)")
                }
                let names = try CheckpointFixture.names(in: folder).filter { $0.hasSuffix(".h5") && !$0.hasPrefix(".") }
                for name in names { _ = try CheckpointFile.read("\(folder)/\(name)") }
                let next = try CheckpointStore(folder: folder, keep: 1, start: .resume)
                let newest = try #require(try next.newest())
                #expect(newest.warnings == [])
                #expect(try newest.state == CheckpointFixture.state(step: newest.state.position.globalStep))
                #expect(newest.state.position.globalStep == 3 || (newest.state.position.globalStep == 2 && !saved))
                #expect(try CheckpointFixture.names(in: folder).allSatisfy { !$0.hasSuffix(".tmp") })
                return !faulty.hasFailed
            }
            if finished { break }
            call += 1
        }
        #expect(call > 15 && failures > 10, "\(call) calls, \(failures) failures")
    }

    @Test func fullDiskIsNamedAndItsTemporaryFileRemoved() throws {
        try CheckpointFixture.withFolder { folder in
            let store = try CheckpointStore(folder: folder, keep: 1, start: .new)
            try store.save(CheckpointFixture.state(step: 1), as: .step)
            // Calls 1 to 8 start the store; then come create, two writes, flush, close and rename of the step file.
            var kinds: Set<FileError.Kind> = []
            for call in 9...14 {
                let faulty = FaultyFileSystem(failing: call, recovers: true)
                let store = try CheckpointStore(folder: folder, keep: 1, start: .resume, fileSystem: faulty)
                let error = #expect(throws: FileError.self) {
                    try store.save(CheckpointFixture.state(step: 2), as: .step)
                }
                if let error { kinds.insert(error.kind) }
                #expect(error?.description.contains("the disk is full") == true)
                #expect(try CheckpointFixture.names(in: folder) == ["latest.h5", "step-00000001.h5"])
            }
            #expect(kinds == [.diskFull])
        }
    }

    @Test func withoutHardLinksTheBytesAreWrittenTwice() throws {
        try CheckpointFixture.withFolder { folder in
            // Calls 1 to 8 start the store, 9 to 15 write the step file and its digest, 16 is the link.
            let faulty = FaultyFileSystem(failing: 16, code: EPERM, recovers: true)
            let store = try CheckpointStore(folder: folder, keep: 1, start: .new, fileSystem: faulty)
            let state = try CheckpointFixture.state(step: 1)
            try store.save(state, as: .step)
            #expect(faulty.hasFailed)
            #expect(try CheckpointFile.read(folder + "/latest.h5") == state)
            #expect(try CheckpointFixture.names(in: folder) == ["latest.h5", "step-00000001.h5"])
        }
    }
}
