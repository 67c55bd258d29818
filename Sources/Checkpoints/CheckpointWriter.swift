import Basics
import HDF5Storage

/// Writes composed checkpoints on a thread of its own, one at a time, while the run goes on: digest, file, names, in the order
/// of `CheckpointStore.save`.
///
/// `condition` guards `state`.
package final class CheckpointWriter: @unchecked Sendable {
    private let store: CheckpointStore
    /// The run holds it. A thread that is about to end must not hold it any longer than the run.
    private weak var lock: OutputLock?
    private let condition = Condition()
    private var state = State.idle

    private enum State {
        case idle
        case waiting(FileImage)
        case writing
        case written(Result<Saved, FileError>)
    }

    /// A checkpoint that is on the disk.
    package struct Saved: Sendable, Equatable {
        package let path: String
        package let bytes: Int
    }

    /// `lock` is the one on the store's folder, and is held by the caller as long as checkpoints are written.
    package init(_ store: CheckpointStore, _ lock: OutputLock? = nil) {
        self.store = store
        self.lock = lock
    }

    /// Begins to write a state, of which `globalStep` is the step. What came of the one before must have been taken.
    package func begin(_ image: FileImage, globalStep: Int, as roles: CheckpointStore.Role) throws(ThreadError) {
        condition.withLock {
            guard case .idle = state else { preconditionFailure("one checkpoint at a time") }
            state = .waiting(image)
        }
        do {
            try BackgroundThread.start("dptrain save") { [self] in write(globalStep, roles) }
        } catch {
            condition.withLock { state = .idle }
            throw error
        }
    }

    private func write(_ globalStep: Int, _ roles: CheckpointStore.Role) {
        let result = Result { () throws(FileError) in
            // Its memory is free again before the result is known, so that no second image comes beside it.
            guard let file = takeImage()?.sealed() else { preconditionFailure("a thread is started for an image") }
            try lock?.requireOwn()
            return Saved(path: try store.save(file, globalStep: globalStep, as: roles), bytes: file.byteCount)
        }
        condition.change { state = .written(result) }
    }

    private func takeImage() -> FileImage? {
        condition.withLock {
            guard case .waiting(let image) = state else { return nil }
            state = .writing
            return image
        }
    }

    /// Whether no checkpoint is being written.
    package var isIdle: Bool {
        condition.withLock {
            switch state {
            case .idle, .written: true
            case .waiting, .writing: false
            }
        }
    }

    /// Waits until nothing is being written. Returns what was written since the last call, nil if nothing was, or throws why it
    /// could not be saved.
    package func finish() throws(FileError) -> Saved? {
        let result = condition.withLock { () -> Result<Saved, FileError>? in
            while true {
                switch state {
                case .idle: return nil
                case .waiting, .writing: condition.wait()
                case .written(let result):
                    state = .idle
                    return result
                }
            }
        }
        return try result?.get()
    }
}
