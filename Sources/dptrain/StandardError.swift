import Basics
import Glibc

/// Where the program says what went wrong.
enum StandardError {
    /// A line that tells which program speaks.
    static func print(_ text: String) {
        write("dptrain: \(text)\n")
    }

    static func write(_ text: String) {
        // What was said on standard output came first.
        fflush(nil)
        // Nobody can be told that nobody can be told.
        try? POSIXFileSystem().write(Array(text.utf8), to: STDERR_FILENO, "standard error")
    }
}

/// One line on standard error that is rewritten while work goes on; nothing where no one watches.
final class ProgressLine {
    private let title: String
    private let isWatched = isatty(STDERR_FILENO) == 1
    private var shownPercent = -1

    init(_ title: String) { self.title = title }

    /// `part` of the work is done, 0...1.
    func show(_ part: Double) {
        let percent = Int(part * 100)
        guard isWatched, percent != shownPercent else { return }
        shownPercent = percent
        StandardError.write("\r\(title) \(percent) %")
    }

    func clear() {
        if isWatched { StandardError.write("\r\u{1B}[K") }
    }

    /// Shows the progress of `work`, and takes the line away when it ends.
    static func during<Result>(_ title: String, _ work: ((Double) -> Void) throws -> Result) rethrows -> Result {
        let line = ProgressLine(title)
        defer { line.clear() }
        return try work { line.show($0) }
    }
}
