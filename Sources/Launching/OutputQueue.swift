import Basics
import Glibc

/// Standard error of a program that must go on while nobody reads it: what finds no room there waits here, and not the program.
final class OutputQueue {
    private let target: Int32
    /// Whether `target` is a descriptor of the queue's own.
    private let isOwn: Bool
    private var waiting: [UInt8] = []

    /// More than this waits only in what it comes from.
    private static let largest = 1 << 20
    /// What a pipe takes at once if it has room at all (PIPE_BUF).
    private static let portion = 4096

    init(to target: Int32 = STDERR_FILENO) {
        // A terminal that has room may have too little, and a pipe that others write to may have lost it again. The queue's own
        // descriptor takes what there is room for; other programs need theirs as it is.
        let own =
            Self.mayBeHeld(target) ? open("/proc/self/fd/\(target)", O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC) : -1
        isOwn = own >= 0
        self.target = isOwn ? own : target
    }

    deinit { if isOwn { close(target) } }

    private static func mayBeHeld(_ target: Int32) -> Bool {
        var status = stat()
        return fstat(target, &status) == 0 && (status.st_mode & S_IFMT == S_IFIFO || isatty(target) == 1)
    }

    var isFull: Bool { waiting.count >= Self.largest }

    /// Writes what there is room for, after what waits already.
    func write(_ bytes: [UInt8]) {
        waiting += bytes
        while !waiting.isEmpty, Self.await([(target, POLLOUT)], milliseconds: 0), writePortion() {}
    }

    /// A line that tells which program speaks.
    func say(_ text: String) { write(Array("dptrain: \(text)\n".utf8)) }

    /// Writes what waits, for so long. Returns earlier, with true, once `source` has something. Nothing is taken from a source while
    /// the queue is full.
    @discardableResult
    func handOn(for milliseconds: Int32, untilInputFrom source: Int32? = nil) -> Bool {
        let end = ContinuousClock.now + .milliseconds(milliseconds)
        repeat {
            let input = isFull ? [] : source.map { [($0, POLLIN)] } ?? []
            let output = waiting.isEmpty ? [] : [(target, POLLOUT)]
            let left = max(0, (end - ContinuousClock.now) / .milliseconds(1))
            _ = Self.await(input + output, milliseconds: Int32(left.rounded(.up)))
            write([])
            if let source, !isFull, Self.await([(source, POLLIN)], milliseconds: 0) { return true }
            // Where there is room for too little, poll does not wait.
            if !waiting.isEmpty { usleep(1000) }
        } while ContinuousClock.now < end
        return false
    }

    /// Writes all that waits. What has no room for a second is left out.
    func finish() {
        waiting.withUnsafeBytes { Alert.write($0, to: target) }
        waiting = []
    }

    /// Whether it came to anything.
    private func writePortion() -> Bool {
        let count = waiting.withUnsafeBytes { Glibc.write(target, $0.baseAddress, min($0.count, Self.portion)) }
        if count > 0 {
            waiting.removeFirst(count)
            return true
        }
        if count < 0, errno == EINTR { return true }
        // Nobody can be told that nobody can be told.
        if count == 0 || errno != EAGAIN { waiting = [] }
        return false
    }

    /// Whether one of these is ready within the time.
    private static func await(_ places: [(descriptor: Int32, events: Int32)], milliseconds: Int32) -> Bool {
        var waiting = places.map { pollfd(fd: $0.descriptor, events: Int16($0.events), revents: 0) }
        return poll(&waiting, nfds_t(waiting.count), milliseconds) > 0
    }
}
