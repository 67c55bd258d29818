import Foundation
import MessagePassing
import Synchronization

/// A check that all ranks run together: `RankCheck("name") { check in check.expect(...) }`.
struct RankCheck {
    let name: String
    let body: (CheckContext) throws -> Void

    init(_ name: String, _ body: @escaping (CheckContext) throws -> Void) {
        self.name = name
        self.body = body
    }
}

/// What a check works with. Expectations that fail are noted, not thrown, so that all ranks go on together.
final class CheckContext {
    let world: Communicator
    private(set) var failures: [String] = []

    init(world: Communicator) { self.world = world }

    var rank: Int { world.rank }
    var size: Int { world.size }

    func expect<T: Equatable>(_ got: T, equals expected: T, _ what: String) {
        if got != expected { failures.append("\(what): expected \(expected), got \(got)") }
    }

    func expect(_ condition: Bool, _ what: String) {
        if !condition { failures.append(what) }
    }

    func note(_ error: any Error) { failures.append("threw: \(error)") }
}

/// Runs checks on all ranks, with one verdict for all.
struct Harness {
    let world: Communicator
    let watchdog: Watchdog

    /// Returns whether all checks passed, the same on every rank.
    func run(_ checks: [RankCheck]) throws -> Bool {
        var failed = 0
        for check in checks {
            watchdog.begin(check.name)
            let context = CheckContext(world: world)
            do { try check.body(context) } catch { context.note(error) }
            let failures = try world.gather([UInt8](context.failures.joined(separator: "\n").utf8))
            let anyFailed = try world.allReduceSum(context.failures.isEmpty ? Int32(0) : 1) > 0
            if anyFailed { failed += 1 }
            if world.rank == 0 {
                print(anyFailed ? "FAILED  \(check.name)" : "passed  \(check.name)")
                for (rank, text) in failures.enumerated() where !text.isEmpty {
                    for line in String(decoding: text, as: UTF8.self).split(separator: "\n").prefix(4) {
                        print("        rank \(rank): \(line)")
                    }
                }
            }
        }
        watchdog.begin("the end")
        if world.rank == 0 { print("\(checks.count - failed) passed, \(failed) failed") }
        fflush(nil)
        return failed == 0
    }
}

/// Ends the program where a check does not end: the ranks' messages then show who waits for whom.
final class Watchdog: Sendable {
    private let running: Mutex<(name: String, began: ContinuousClock.Instant)>
    private let rank: Int

    init(rank: Int, limit: Duration) {
        self.rank = rank
        running = Mutex((name: "the start", began: .now))
        Thread { [self] in
            while true {
                Thread.sleep(forTimeInterval: 0.5)
                let (name, began) = running.withLock { $0 }
                if began.duration(to: .now) > limit {
                    FileHandle.standardError.write(Data("rank \(rank): \"\(name)\" did not end in \(limit)\n".utf8))
                    // Longer than the others' watchdogs need to speak, since mpirun ends all ranks with the first.
                    Thread.sleep(forTimeInterval: 1.5)
                    _exit(1)
                }
            }
        }.start()
    }

    func begin(_ name: String) { running.withLock { $0 = (name: name, began: .now) } }
}
