import Basics
import Checkpoints
import Foundation
import TestSupport
import Testing

/// Checkpoints that are written while the run goes on are those that `CheckpointStore.save` writes, and fail as it does.
@Suite struct CheckpointWriterTests {
    private func begin(_ writer: CheckpointWriter, step: Int) throws {
        let state = try CheckpointFixture.state(step: step)
        try writer.begin(
            CheckpointCodec.compose(state, tensors: state), globalStep: step, as: [.step, .best])
    }

    @Test func whatIsWrittenIsWhatWasComposed() throws {
        try CheckpointFixture.withFolder { folder in
            let writer = CheckpointWriter(try CheckpointStore(folder: folder, keep: 1, start: .new))
            #expect(try writer.finish() == nil && writer.isIdle)
            for step in 0...3 {
                try begin(writer, step: step)
                let saved = try #require(try writer.finish())
                #expect(writer.isIdle)
                let bytes = try CheckpointCodec.encode(CheckpointFixture.state(step: step))
                for file in [saved.path, folder + "/latest.h5", folder + "/best.h5"] {
                    #expect(try Data(contentsOf: URL(fileURLWithPath: file)) == Data(bytes), "\(file) of step \(step)")
                }
                #expect(saved.bytes == bytes.count)
            }
            let names = ["best.h5", "latest.h5", "step-00000000.h5", "step-00000003.h5"]
            #expect(try CheckpointFixture.names(in: folder) == names)
        }
    }

    /// Whichever call fails: `finish` throws it once, names lead to whole files, and the next checkpoint can be written.
    @Test func anErrorIsThrownOnceAndNothingIsLost() throws {
        var failures = 0
        for call in 9...30 {
            try CheckpointFixture.withFolder { folder in
                let first = CheckpointWriter(try CheckpointStore(folder: folder, keep: 1, start: .new))
                try begin(first, step: 1)
                _ = try first.finish()
                // Calls 1 to 8 start the store.
                let faulty = FaultyFileSystem(failing: call, recovers: true)
                let writer = CheckpointWriter(
                    try CheckpointStore(folder: folder, keep: 1, start: .resume, fileSystem: faulty))
                try begin(writer, step: 2)
                do throws(FileError) {
                    _ = try writer.finish()
                } catch {
                    failures += 1
                    #expect(error.description.contains("No space left on device"), "\(error)")
                }
                #expect(writer.isIdle)
                #expect(try writer.finish() == nil)
                for name in ["latest.h5", "best.h5"] {
                    let state = try CheckpointFile.read("\(folder)/\(name)")
                    #expect(try state == CheckpointFixture.state(step: state.position.globalStep))
                }
                // The one call that fails may still be to come.
                guard faulty.hasFailed else { return }
                try begin(writer, step: 3)
                _ = try writer.finish()
                #expect(try CheckpointFile.read(folder + "/latest.h5").position.globalStep == 3)
            }
        }
        #expect(failures >= 8, "\(failures)")
    }

    @Test func aFolderThatAnotherRunHasTakenIsNotWrittenTo() throws {
        try CheckpointFixture.withFolder { folder in
            let lock = try OutputLock(folder: folder)
            let writer = CheckpointWriter(try CheckpointStore(folder: folder, keep: 1, start: .new), lock)
            try begin(writer, step: 1)
            _ = try writer.finish()
            let other = #"{"host":"elsewhere","process":7,"run":"1"}"#
            try Data(other.utf8).write(to: URL(fileURLWithPath: "\(folder)/\(OutputLock.name)"))
            try begin(writer, step: 2)
            let error = withExtendedLifetime(lock) { #expect(throws: FileError.self) { try writer.finish() } }
            #expect(error?.description.contains("another run has taken this folder (process 7 on elsewhere)") == true)
            #expect(try CheckpointFile.read(folder + "/latest.h5").position.globalStep == 1)
        }
    }
}
