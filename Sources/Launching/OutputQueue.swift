import Basics
import Glibc

/// Standard error of a program that must go on while nobody reads it: what finds no room there waits here, and not the program.
final class OutputQueue {
    private let target: Int32
    private var waiting: [UInt8] = []

    /// More than this waits only in what it comes from.
    private static let largest = 1 << 20
    /// What a pipe takes at once if it has room at all (PIPE_BUF).
    private static let portion = 4096

    init(to target: Int32 = STDERR_FILENO) { self.target = target }

    var isFull: Bool { waiting.count >= Self.largest }

    /// Writes what there is room for, after what waits already.
    func write(_ bytes: [UInt8]) {
        waiting += bytes
        while !waiting.isEmpty, Self.await([(target, POLLOUT)], milliseconds: 0) { writePortion() }
    }

    /// A line that tells which program speaks.
    func say(_ text: String) { write(Array("dptrain: \(text)\n".utf8)) }

    /// Returns once `source` has something, or after this time. What waits is written meanwhile. Nothing is taken from a source while
    /// the queue is full.
    func awaitInput(from source: Int32, milliseconds: Int32) -> Bool {
        let end = ContinuousClock.now + .milliseconds(milliseconds)
        repeat {
            let input = isFull ? [] : [(source, POLLIN)]
            let output = waiting.isEmpty ? [] : [(target, POLLOUT)]
            let left = max(0, (end - ContinuousClock.now) / .milliseconds(1))
            _ = Self.await(input + output, milliseconds: Int32(left.rounded(.up)))
            write([])
            if !isFull, Self.await([(source, POLLIN)], milliseconds: 0) { return true }
        } while ContinuousClock.now < end
        return false
    }

    /// Writes all that waits. What has no room for a second is left out.
    func finish() {
        waiting.withUnsafeBytes { Alert.write($0, to: target) }
        waiting = []
    }

    private func writePortion() {
        let count = waiting.withUnsafeBytes { Glibc.write(target, $0.baseAddress, min($0.count, Self.portion)) }
        if count > 0 {
            waiting.removeFirst(count)
        } else if count == 0 || errno != EINTR && errno != EAGAIN {
            // Nobody can be told that nobody can be told.
            waiting = []
        }
    }

    /// Whether one of these is ready within the time.
    private static func await(_ places: [(descriptor: Int32, events: Int32)], milliseconds: Int32) -> Bool {
        var waiting = places.map { pollfd(fd: $0.descriptor, events: Int16($0.events), revents: 0) }
        return poll(&waiting, nfds_t(waiting.count), milliseconds) > 0
    }
}
