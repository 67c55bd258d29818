import Glibc

/// Words on standard error of those who must not wait for a reader: threads that end the process or watch over it, and handlers of
/// signals. A pipe that nobody reads can be full, and a terminal held.
package enum Alert {
    /// How long there may be no room, in milliseconds. What has none by then is left out.
    private static var patience: Int32 { 1000 }
    /// What a pipe takes at once if it has room at all (PIPE_BUF).
    private static var portion: Int { 4096 }

    /// A line that tells which program speaks.
    package static func say(_ text: String) {
        var line = "dptrain: \(text)\n"
        line.withUTF8 { write(UnsafeRawBufferPointer($0)) }
    }

    /// The process ends after these seconds, even if what it does last is held: what it says by a pipe that nobody reads, what it
    /// removes by a disk that does not answer.
    package static func limitEnd(_ code: Int32, seconds: UInt32 = 2) {
        try? BackgroundThread.start("dptrain end") {
            sleep(seconds)
            _exit(code)
        }
    }

    /// The last line of a process that must end.
    package static func end(_ code: Int32, saying text: String) -> Never {
        // Another process may take the room for the words.
        limitEnd(code)
        say(text)
        // Other threads may be in the middle of something.
        _exit(code)
    }

    /// Neither allocates nor locks, as handlers of signals need it.
    package static func write(_ text: StaticString) {
        write(UnsafeRawBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
    }

    /// The same of other bytes.
    package static func write(_ bytes: UnsafeRawBufferPointer, to descriptor: Int32 = STDERR_FILENO) {
        // What a signal's handler interrupts may be about to read it.
        let reason = errno
        defer { errno = reason }
        var written = 0
        while let start = bytes.baseAddress, written < bytes.count, hasRoom(descriptor) {
            let count = Glibc.write(descriptor, start + written, min(bytes.count - written, portion))
            if count > 0 {
                written += count
            } else if count == 0 || errno != EINTR && errno != EAGAIN {
                // Nobody can be told that nobody can be told.
                return
            }
        }
    }

    /// Whether there is room, or comes to be within the time.
    private static func hasRoom(_ descriptor: Int32) -> Bool {
        var place = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
        let end = milliseconds + Int(patience)
        while true {
            let count = poll(&place, 1, Int32(max(0, end - milliseconds)))
            // A signal is no reason to begin anew: they may come faster than the time is over.
            if count >= 0 || errno != EINTR || milliseconds >= end { return count > 0 }
        }
    }

    private static var milliseconds: Int {
        var now = timespec()
        clock_gettime(CLOCK_MONOTONIC, &now)
        return now.tv_sec * 1000 + now.tv_nsec / 1_000_000
    }
}
