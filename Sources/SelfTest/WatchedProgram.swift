import Basics
import FoundationEssentials
import Glibc
import MessagePassing

/// A program that is started, watched, and ended if it does not end by itself: a check that hangs fails like any other.
struct WatchedProgram {
    let executable: String
    let arguments: [String]
    let environment: [String: String]
    /// What it prints goes to `log.out` and `log.err`.
    let log: String

    /// How long a program that is told to end may take before it is killed: longer than mpirun needs to end its ranks.
    private static let grace = Duration.seconds(5)

    /// Returns once it has exited with code 0; `onLine` gets what it prints on standard output, line by line. Throws
    /// otherwise, and where it takes longer than `limit`.
    func run(limit: Duration, onLine: (Substring) -> Void = { _ in }) throws {
        let process = try start()
        var lines = LineReader(path: "\(log).out")
        let deadline = ContinuousClock.now + limit
        var end = process.poll()
        while end == nil {
            lines.read(onLine)
            if let signal = StopSignal.received {
                Self.end(process)
                throw Interrupted(signal: signal)
            }
            if ContinuousClock.now > deadline {
                Self.end(process)
                throw CheckFailure("no end within \(limit.components.seconds) s" + said)
            }
            usleep(20_000)
            end = process.poll()
        }
        lines.read(onLine)
        switch end {
        case .signal(let signal): throw CheckFailure("ended by signal \(signal)" + said)
        case .exit(let code): try require(code == 0, "exit code \(code)" + said)
        case nil: break
        }
    }

    private func start() throws -> ChildProcess {
        let output = try Self.createFile("\(log).out")
        defer { close(output) }
        let error = try Self.createFile("\(log).err")
        defer { close(error) }
        do {
            return try ChildProcess(executable, arguments, environment: environment, output: output, error: error)
        } catch {
            throw CheckFailure("\(executable) cannot be started: \(error.failureText)")
        }
    }

    private static func createFile(_ path: String) throws -> Int32 {
        do {
            return try POSIXFileSystem().create(path)
        } catch {
            throw CheckFailure("\(path) cannot be written")
        }
    }

    private static func end(_ process: ChildProcess) {
        process.send(SIGTERM)
        let deadline = ContinuousClock.now + grace
        while process.poll() == nil && ContinuousClock.now < deadline { usleep(20_000) }
        if process.poll() == nil { process.send(SIGKILL) }
        process.waitUntilEnd()
    }

    /// What the program said was wrong: dptrain's own messages, or the end of everything where there are none.
    private var said: String {
        let text = (try? String(contentsOfFile: "\(log).err", encoding: .utf8)) ?? ""
        let lines = text.split(separator: "\n").filter { $0.contains(where: \.isLetter) }
        let own = lines.filter { $0.hasPrefix("dptrain: ") || $0.hasPrefix("Error: ") }
        return (own.isEmpty ? lines.suffix(5) : own.prefix(5)).map { "\n\($0)" }.joined()
    }
}

/// The user or the system asked the self-test to end.
package struct Interrupted: Error {
    package let signal: Int32
}

/// The lines of a file that still grows.
private struct LineReader {
    let path: String
    private var offset = 0

    init(path: String) { self.path = path }

    /// Calls `body` with the lines that have been completed since the last call.
    mutating func read(_ body: (Substring) -> Void) {
        guard let bytes = try? POSIXFileSystem().read(path, from: offset),
            let end = bytes.lastIndex(of: UInt8(ascii: "\n"))
        else { return }
        let complete = bytes[...end]
        offset += complete.count
        for line in String(decoding: complete, as: UTF8.self).split(separator: "\n") { body(line) }
    }
}
