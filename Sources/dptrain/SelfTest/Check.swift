import Basics
import FoundationEssentials
import Glibc

/// One line of the self-test's table: a name, and what finds out. `Subject` is what it is found out on: the ranks, a
/// folder, runs of training.
struct Check<Subject>: Sendable {
    let name: String
    /// Returns what was measured; throws why the check failed.
    let body: @Sendable (Subject) throws -> String

    init(_ name: String, _ body: @escaping @Sendable (Subject) throws -> String) {
        self.name = name
        self.body = body
    }

    func run(on subject: Subject) throws(Interrupted) -> CheckResult {
        do {
            return CheckResult(name: name, passed: true, detail: try body(subject))
        } catch let interrupted as Interrupted {
            throw interrupted
        } catch {
            return CheckResult(name: name, passed: false, detail: "\(error)")
        }
    }
}

/// What a check found. The programs that a self-test starts print theirs as a line of JSON each.
struct CheckResult: Codable {
    let name: String
    let passed: Bool
    let detail: String

    init(name: String, passed: Bool, detail: String) {
        self.name = name
        self.passed = passed
        self.detail = detail
    }

    /// Nil for whatever else libraries print.
    init?(line: Substring) {
        guard let result = try? JSONDecoder().decode(CheckResult.self, from: Data(line.utf8)) else { return nil }
        self = result
    }

    func printLine() throws {
        try StandardOutput.print(String(decoding: try JSONEncoder().encode(self), as: UTF8.self))
    }
}

/// Why a check failed.
struct CheckFailure: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) { self.description = description }
}

func require(_ condition: Bool, _ reason: @autoclosure () -> String) throws {
    guard condition else { throw CheckFailure(reason()) }
}

extension Double {
    /// `12.3`
    func rounded(to digits: Int) -> String { .formatted("%.\(digits)f", self) }
}
