import Glibc

/// A thread that ends by itself.
package enum BackgroundThread {
    /// The kernel keeps so many bytes of a name.
    private static let longestName = 15

    /// Throws where the system has no room for another thread; `body` is then not called.
    package static func start(_ name: String, _ body: @escaping @Sendable () -> Void) throws(ThreadError) {
        let code = launch(Work(name: String(name.prefix(longestName)), body: body))
        guard code == 0 else { throw ThreadError(name: name, code: code) }
    }

    private static func launch(_ work: Work) -> Int32 {
        let argument = Unmanaged.passRetained(work).toOpaque()
        var thread = pthread_t()
        let code = pthread_create(&thread, nil, runWork, argument)
        if code != 0 { Unmanaged<Work>.fromOpaque(argument).release() }
        return code
    }
}

/// What goes to the new thread as one pointer.
private final class Work: Sendable {
    let name: String
    let body: @Sendable () -> Void

    init(name: String, body: @escaping @Sendable () -> Void) {
        self.name = name
        self.body = body
    }
}

/// What the new thread does. C calls it, so it is a function on its own.
private func runWork(_ argument: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
    guard let argument else { return nil }
    // Nobody waits for its end.
    pthread_detach(pthread_self())
    let work = Unmanaged<Work>.fromOpaque(argument).takeRetainedValue()
    nameThread(work.name)
    work.body()
    return nil
}

/// As `pthread_setname_np` does, which is not among what Swift sees of Glibc. A thread without a name does its work as
/// well.
private func nameThread(_ name: String) {
    let (files, path) = (POSIXFileSystem(), "/proc/thread-self/comm")
    guard let file = try? files.create(path) else { return }
    try? files.write(Array(name.utf8), to: file, path)
    try? files.close(file, path)
}

/// The system refused a thread.
package struct ThreadError: Error, Equatable, CustomStringConvertible {
    package let name: String
    /// errno
    package let code: Int32

    package var description: String {
        "cannot start the thread \(name): \(String(cString: strerror(code))); see `ulimit -u` and the free memory"
    }
}
