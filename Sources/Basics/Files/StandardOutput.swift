import Synchronization

#if canImport(Glibc)
import Glibc
#endif

/// Standard output without a buffer. stdio writes its buffer when the process exits, and an error such as a full disk would go
/// unnoticed. If the caller has closed the descriptor, nothing is written.
public enum StandardOutput {
    private static let firstFailure = Atomic<Int32>(0)

    /// Writes a result.
    public static func print(_ text: String, terminator: String = "\n") throws(FileSystemError) {
        do {
            try POSIXFileSystem().write(Array((text + terminator).utf8), to: STDOUT_FILENO, name)
        } catch  where error.code == EBADF {
            return
        }
    }

    /// Writes what is said while work goes on. It is no reason to end the work if that fails, and none to try again:
    /// `finish` says so.
    public static func show(_ text: String, terminator: String = "\n") {
        guard firstFailure.load(ordering: .relaxed) == 0 else { return }
        do throws(FileSystemError) {
            try print(text, terminator: terminator)
        } catch {
            firstFailure.store(error.code, ordering: .relaxed)
        }
    }

    /// The last call: throws if something that was shown did not arrive, or if the descriptor reports a failure as it
    /// closes, as network file systems do.
    public static func finish() throws(FileSystemError) {
        let code = firstFailure.load(ordering: .relaxed)
        guard code == 0 else { throw FileSystemError("write", name, code: code) }
        guard close(STDOUT_FILENO) == 0 || errno == EBADF else { throw FileSystemError("close", name, code: errno) }
    }

    private static let name = "standard output"
}
