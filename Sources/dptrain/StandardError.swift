import Basics
import DatasetCreation
import Glibc
import Pictures
import Reporting

/// Where the program says what went wrong.
enum StandardError {
    /// A line that tells which program speaks.
    static func print(_ text: String) {
        write("dptrain: \(text)\n")
    }

    /// Says for which letters of the texts there are boxes in a picture of pixels.
    static func warnOfBoxes(in texts: [String], remedy: String) {
        let letters = Picture.lettersDrawnAsBoxes(in: texts)
        if letters.isEmpty { return }
        print("warning: the picture has boxes for \(letters.map(String.init).joined(separator: " ")); \(remedy)")
    }

    static func write(_ text: String) {
        // What was said on standard output came first.
        fflush(nil)
        // Nobody can be told that nobody can be told.
        try? POSIXFileSystem().write(Array(text.utf8), to: STDERR_FILENO, "standard error")
    }
}

/// One line on standard error that is rewritten while work goes on; where no one watches nothing, or lines from time to time.
final class ProgressLine {
    private let title: String
    private let isShown: Bool
    private let isWatched: Bool
    private let plainInterval: Duration?
    private var lastShown: ContinuousClock.Instant?
    /// When the first part was shown, and how far the work was then.
    private var beginning: (time: ContinuousClock.Instant, part: Double)?
    private static let pause = Duration.milliseconds(200)

    /// `plainInterval`: after which time there is a line where no one watches.
    init(_ title: String, isShown: Bool = true, plainInterval: Duration? = nil) {
        (self.title, self.isShown, self.plainInterval) = (title, isShown, plainInterval)
        isWatched = isShown && isatty(STDERR_FILENO) == 1 && Terminal.canRewrite
    }

    /// `Importing 42 %, 310 images/s, 5m 12s left`: a part of the work is done, 0...1. The rate is of `images`, all there are.
    func show(_ part: Double, images: Int? = nil) {
        guard isShown, let pause = isWatched ? Self.pause : plainInterval else { return }
        let now = ContinuousClock.now
        let beginning = self.beginning ?? (now, part)
        self.beginning = beginning
        // A line that cannot be taken away comes when work turns out to be long.
        if let last = lastShown ?? (isWatched ? nil : beginning.time), now - last < pause { return }
        lastShown = now
        let seconds = (now - beginning.time) / .seconds(1)
        let done = part - beginning.part
        var text = "\(title) \(Int(part * 100)) %"
        if seconds > 1, done > 0 {
            if let images { text += ", \(Figures.rate(Int(done * Double(images)), in: seconds))" }
            text += ", \(Figures.duration((1 - part) * seconds / done)) left"
        }
        StandardError.write(isWatched ? "\r\u{1B}[K" + text : text + "\n")
    }

    /// The same of work whose end is told by 1.
    func showUntilDone(_ part: Double) {
        if part < 1 { show(part) } else { clear() }
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

    /// The same of work that counts images.
    static func counting<Result>(
        _ title: String, isShown: Bool = true, _ work: ((ImportProgress) -> Void) throws -> Result
    ) rethrows -> Result {
        let line = ProgressLine(title, isShown: isShown)
        defer { line.clear() }
        return try work { line.show($0.fraction, images: $0.total) }
    }
}
