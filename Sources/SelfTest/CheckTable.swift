import Basics

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
