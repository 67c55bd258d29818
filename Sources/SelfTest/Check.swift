import Basics
import FoundationEssentials
import Glibc

/// One line of the self-test's table: a name, and what finds out. `Subject` is what it is found out on: the ranks, a
/// folder, runs of training.
package struct Check<Subject>: Sendable {
    package let name: String
    /// Returns what was measured; throws why the check failed.
    let body: @Sendable (Subject) throws -> String

    package init(_ name: String, _ body: @escaping @Sendable (Subject) throws -> String) {
        self.name = name
        self.body = body
    }

    package func run(on subject: Subject) throws(Interrupted) -> CheckResult {
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
package struct CheckResult: Codable {
    package let name: String
    package let passed: Bool
    package let detail: String

    package init(name: String, passed: Bool, detail: String) {
        self.name = name
        self.passed = passed
        self.detail = detail
    }

    /// Nil for whatever else libraries print.
    package init?(line: Substring) {
        guard let result = try? JSONDecoder().decode(CheckResult.self, from: Data(line.utf8)) else { return nil }
        self = result
    }

    package func printLine() throws {
        try StandardOutput.print(String(decoding: try JSONEncoder().encode(self), as: UTF8.self))
    }
}

/// Why a check failed.
package struct CheckFailure: Error, CustomStringConvertible {
    package let description: String

    package init(_ description: String) { self.description = description }
}

package func require(_ condition: Bool, _ reason: @autoclosure () -> String) throws {
    guard condition else { throw CheckFailure(reason()) }
}

extension Double {
    /// `12.3`
    func rounded(to digits: Int) -> String { .formatted("%.\(digits)f", self) }
}

/// The self-test's table: a line a check, shown as soon as its result is known.
package struct CheckTable {
    package private(set) var passed = 0
    package private(set) var failed = 0
    private let nameWidth: Int

    /// `names` are those of all checks to come.
    package init(names: [String]) {
        nameWidth = names.map(\.count).max() ?? 0
    }

    package mutating func add(_ result: CheckResult) {
        if result.passed { passed += 1 } else { failed += 1 }
        let verdict = result.passed ? "ok    " : "FAILED"
        let name = result.name.padded(to: nameWidth)
        let indent = String(repeating: " ", count: verdict.count + nameWidth + 4)
        let lines = result.detail.split(separator: "\n").joined(separator: "\n" + indent)
        StandardOutput.show("\(verdict)  \(name)  \(lines)")
    }
}
