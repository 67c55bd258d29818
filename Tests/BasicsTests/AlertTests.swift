import Basics
import Glibc
import Synchronization
import Testing

/// Words for which there may be no reader.
@Suite struct AlertTests {
    /// A pipe, which is closed when the test has ended.
    private final class Pipe {
        let source, target: Int32

        init() throws {
            var ends: [Int32] = [-1, -1]
            try #require(pipe(&ends) == 0)
            (source, target) = (ends[0], ends[1])
        }

        deinit {
            close(source)
            close(target)
        }

        /// Returns how many bytes it took until it was full.
        func fill() -> Int {
            let flags = fcntl(target, F_GETFL)
            _ = fcntl(target, F_SETFL, flags | O_NONBLOCK)
            defer { _ = fcntl(target, F_SETFL, flags) }
            let page = [UInt8](repeating: 0, count: 4096)
            var count = 0
            while true {
                let written = Glibc.write(target, page, page.count)
                if written <= 0 { return count }
                count += written
            }
        }

        /// All that is in it.
        func take() -> [UInt8] {
            _ = fcntl(source, F_SETFL, O_NONBLOCK)
            var taken: [UInt8] = []
            var buffer = [UInt8](repeating: 0, count: 4096)
            while true {
                let count = read(source, &buffer, buffer.count)
                if count <= 0 { return taken }
                taken += buffer.prefix(count)
            }
        }
    }

    private final class Sender: Sendable {
        let hasEnded = Atomic(false), isGone = Atomic(false)
    }

    private static func write(_ bytes: [UInt8], to pipe: Pipe) {
        bytes.withUnsafeBytes { Alert.write($0, to: pipe.target) }
    }

    @Test func wordsAreWritten() throws {
        let pipe = try Pipe()
        let words = Array("a rank is gone\n".utf8)
        Self.write(words, to: pipe)
        Self.write([], to: pipe)
        #expect(pipe.take() == words)
    }

    @Test(.timeLimit(.minutes(1))) func aFullPipeDoesNotHoldTheWriter() throws {
        let pipe = try Pipe()
        let filled = pipe.fill()
        #expect(filled > 0)
        Self.write([1, 2, 3], to: pipe)
        #expect(pipe.take() == [UInt8](repeating: 0, count: filled))
    }

    /// Of more than a pipe holds, what it holds.
    @Test(.timeLimit(.minutes(1))) func whatFindsNoRoomIsLeftOut() throws {
        let (pipe, other) = (try Pipe(), try Pipe())
        let room = other.fill()
        let words = (0..<(room + 10_000)).map { UInt8(truncatingIfNeeded: $0) }
        Self.write(words, to: pipe)
        #expect(pipe.take() == Array(words.prefix(room)))
    }

    /// Each ends the wait for room, which must not begin anew.
    @Test(.timeLimit(.minutes(1))) func signalsDoNotHoldTheWriter() throws {
        let pipe = try Pipe()
        _ = pipe.fill()
        var (action, earlier) = (sigaction(), sigaction())
        action.__sigaction_handler.sa_handler = { _ in }
        sigaction(SIGURG, &action, &earlier)
        defer { sigaction(SIGURG, &earlier, nil) }
        let (writer, sender) = (pthread_self(), Sender())
        try BackgroundThread.start("signals") {
            while !sender.hasEnded.load(ordering: .acquiring) {
                pthread_kill(writer, SIGURG)
                usleep(50_000)
            }
            sender.isGone.store(true, ordering: .releasing)
        }
        Self.write([1, 2, 3], to: pipe)
        sender.hasEnded.store(true, ordering: .releasing)
        // The writer's thread must live until then.
        while !sender.isGone.load(ordering: .acquiring) { usleep(1000) }
    }

    @Test(.timeLimit(.minutes(1))) func aClosedDescriptorHoldsNobody() {
        errno = 7
        [UInt8(1)].withUnsafeBytes { Alert.write($0, to: 1_000_000) }
        #expect(errno == 7, "what a signal's handler interrupts finds another errno")
    }
}
