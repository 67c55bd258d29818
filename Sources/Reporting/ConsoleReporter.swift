import Basics
import FoundationEssentials
import Optimization
import Reduction

/// Shows a run to people: with a bar one live line an epoch, as Keras has it; else plain lines, one an epoch and one for every
/// half a minute within it.
public final class ConsoleReporter: RunObserver {
    /// How much is shown of epochs.
    public enum Style: Sendable { case bar, plain, none }

    private let style: Style
    private let width: () -> Int
    private let clock: () -> Double
    private let write: (String) -> Void
    /// Of the run, once it has begun.
    private var epochs = 0
    private var resumption = ""
    private var output = ""
    private var unit = "images"
    private var isValidated = false
    private var pace: RunPace?
    private var shownEpoch: Int?
    /// Whether this process has brought an epoch to its end: one that resumes after an epoch's last step only validates it.
    private var hasEndedEpoch = false
    /// When a line within the epoch was last written, and since when this epoch is measured.
    private var lastShown = -Double.infinity
    /// Characters of the live line that the cursor stands behind.
    private var shownLength = 0
    private var epochSeconds = 0.0
    private var epochWaited = 0.0
    private var epochSamples = 0
    private var epochSteps = 0
    /// Between two states of the live line, and between two plain lines within an epoch.
    private static let liveInterval = 0.1
    private static let plainInterval = 30.0

    /// On standard output. `style`: nil for a bar where a terminal is watched.
    public convenience init(style: Style? = nil) {
        self.init(
            style: style ?? (Terminal.isWatched ? .bar : .plain), width: { Terminal.width },
            clock: { ProcessInfo.processInfo.systemUptime },
            write: { StandardOutput.show($0, terminator: "") })
    }

    /// `clock` gives seconds; `width` is the length that a live line fits into, asked for each one: windows change their size.
    public init(
        style: Style, width: @escaping () -> Int, clock: @escaping () -> Double, write: @escaping (String) -> Void
    ) {
        self.style = style
        self.width = width
        self.clock = clock
        self.write = write
    }

    private var isLive: Bool { style == .bar }

    public func runBegan(_ event: RunBegun) {
        (epochs, output, resumption) = (event.epochs, event.output, event.resumption)
        (unit, isValidated) = (event.unit, event.isValidated)
        pace = RunPace(epochs: event.epochs, stepsPerEpoch: event.stepsPerEpoch)
        write(event.banner.joined(separator: "\n") + "\n\n")
    }

    public func stepEnded(_ event: StepEnded) {
        beginEpoch(event.epoch)
        if let seconds = event.sinceStart { note("first step done \(Figures.duration(seconds)) after the start") }
        epochSeconds += event.durations.total
        epochWaited += event.durations.dataWait
        epochSamples += event.samples
        epochSteps += 1
        if let announcement = pace?.stepEnded(event, isValidated: isValidated) { note(announcement) }
        guard style != .none, isDue else { return }
        let left = epochSeconds / Double(epochSteps) * Double(event.stepsPerEpoch - event.stepInEpoch)
        var line = FittedLine()
        addCounter(event.stepInEpoch, of: event.stepsPerEpoch, to: &line)
        line.add(" \(Figures.duration(epochSeconds)),", importance: 4)
        line.add(" \(Figures.duration(left)) left", importance: 6)
        add(epochSteps, epochSamples, epochSeconds, epochWaited, to: &line)
        add(event.epochSoFar, "", importance: 8, to: &line)
        if let left = pace?.left, epochs > 1 { line.add(" - run: \(Figures.duration(left)) left", importance: 3) }
        show(line, ofEpoch: event.epoch)
    }

    public func validationProgressed(_ event: ValidationProgress) {
        guard style != .none, shownEpoch == event.epoch, event.step < event.steps, isDue else { return }
        var line = FittedLine()
        addCounter(event.step, of: event.steps, to: &line)
        line.add(" validating", importance: 9)
        show(line, ofEpoch: event.epoch)
    }

    public func rolledBack(_ event: RolledBack) {
        beginEpoch(event.epoch)
        event.messages.forEach(note)
        shownEpoch = nil
    }

    public func epochEnded(_ event: EpochEnded) {
        beginEpoch(event.metrics.epoch)
        hasEndedEpoch = true
        pace?.epochEnded(event)
        guard style != .none else { return event.messages.forEach(note) }
        let metrics = event.metrics
        var line = FittedLine()
        if isLive { addCounter(event.stepsPerEpoch, of: event.stepsPerEpoch, to: &line) }
        line.add(" \(Figures.duration(event.seconds))", importance: 5)
        add(event.steps, event.samples, event.trainingSeconds, event.waitedSeconds, to: &line)
        if let waits = Self.words(for: event.reductionWaits, in: event.trainingSeconds) {
            line.add(" (\(waits))", importance: 1)
        }
        if let straggler = event.straggler {
            let share = Int((100 * straggler.share).rounded())
            line.add(" (\(share)% waiting for rank \(straggler.rank) on \(straggler.host))", importance: 1)
        }
        add(metrics.training, "", importance: 7, to: &line)
        if let validation = metrics.validation { add(validation, "val_", importance: 9, to: &line) }
        for (name, value) in metrics.scores.sorted(by: { $0.key < $1.key }) {
            line.add(" - \(name): \(Figures.metric(value))", importance: 8)
        }
        if let raw = metrics.rawValidation { add(raw, "raw_val_", importance: 5, to: &line) }
        line.add(" - learning_rate: \(Figures.metric(Double(event.learningRate)))", importance: 3)
        show(line, ofEpoch: event.metrics.epoch)
        if isLive { write("\n") }
        shownLength = 0
        for message in event.messages { write("  \(message)\n") }
    }

    /// An error is told by whoever started the run.
    public func runEnded(_ event: RunEnded) {
        if case .failed = event.outcome { return }
        event.notes.forEach(note)
        let epochs = Figures.count(event.epochs, "epoch")
        switch event.outcome {
        case .finished where !hasEndedEpoch:
            note("nothing to do: the run has done \(epochs); more --epochs would train on; results are in \(output)")
        case .finished: note("finished after \(epochs); results are in \(output)")
        case .stopped(let reason): note("stopped after \(epochs): \(reason); results are in \(output)")
        case .interrupted, .asked, .outOfTime, .paused:
            note(
                "\(event.outcome.reason): checkpoint saved at step \(event.step); continue with --resume: \(resumption)"
            )
        case .failed: break
        }
    }

    /// `8% waiting for the reduction: 5% for slower ranks, 3% within the node`; nil where it is 0 %.
    private static func words(for waits: ReductionWaits, in seconds: Double) -> String? {
        func percent(_ part: Double) -> Int { seconds > 0 ? Int((100 * part / seconds).rounded()) : 0 }
        let all = percent(waits.total)
        guard all > 0 else { return nil }
        let parts = WaitCause.allCases.map { (percent(waits[$0]), $0.words) }.filter { $0.0 > 0 }
        return "\(all)% waiting for the reduction: " + parts.map { "\($0.0)% \($0.1)" }.joined(separator: ", ")
    }

    /// A line of its own, between epochs or in the middle of one.
    private func note(_ text: String) {
        write(isLive ? "\(lineStart)\u{1B}[K\(text)\n" : "\(text)\n")
        if isLive { (lastShown, shownLength) = (-.infinity, 0) }
    }

    private func title(_ epoch: Int) -> String { "Epoch \(epoch + 1)/\(epochs)" }

    private func beginEpoch(_ epoch: Int) {
        guard shownEpoch != epoch else { return }
        shownEpoch = epoch
        (epochSeconds, epochWaited, epochSamples, epochSteps) = (0, 0, 0, 0)
        lastShown = isLive ? -.infinity : clock()
        if isLive { write(title(epoch) + "\n") }
    }

    /// Whether it is time for a line within the epoch, which is then written.
    private var isDue: Bool {
        let now = clock()
        guard now - lastShown >= (isLive ? Self.liveInterval : Self.plainInterval) else { return false }
        lastShown = now
        return true
    }

    private func show(_ line: FittedLine, ofEpoch epoch: Int) {
        guard isLive else { return write("\(title(epoch)):\(line.text)\n") }
        let text = line.fitted(to: width() - 1)
        write("\(lineStart)\(text)\u{1B}[K")
        shownLength = text.count
    }

    /// Goes to where the live line begins. If the window has become narrower, the terminal has broken the line into several, which
    /// are cleared.
    private var lineStart: String {
        let broken = (shownLength - 1) / max(1, width())
        return broken > 0 ? "\u{1B}[\(broken)A\r\u{1B}[J" : "\r"
    }

    /// ` 120/468`, on a live line with a bar: ` 120/468 [=======>......................]`.
    private func addCounter(_ step: Int, of steps: Int, to line: inout FittedLine) {
        line.add(" \("\(step)".padded(to: "\(steps)".count, atStart: true))/\(steps)")
        guard isLive else { return }
        let bars = [30, 20, 10].map { width in
            let filled = step * width / steps
            let head = filled < width ? ">" : ""
            let rest = String(repeating: ".", count: width - filled - head.count)
            return " [\(String(repeating: "=", count: filled))\(head)\(rest)]"
        }
        line.add(forms: bars, importance: 4)
    }

    /// `12ms/step 850 images/s`, and the share of time that was waiting for data, unless it is 0 %.
    private func add(_ steps: Int, _ samples: Int, _ seconds: Double, _ waited: Double, to line: inout FittedLine) {
        let share = seconds > 0 ? Int((100 * waited / seconds).rounded()) : 0
        line.add(" \(Figures.duration(seconds / Double(max(1, steps))))/step", importance: 2)
        line.add(" \(Figures.rate(samples, in: seconds, of: unit))", importance: 5)
        if share > 0 { line.add(" (\(share)% waiting for data)", importance: 1) }
    }

    private func add(_ means: EpochMetrics.Means, _ prefix: String, importance: Int, to line: inout FittedLine) {
        // The root of squares says less than the other two.
        for ((name, value), importance) in zip(means.values, [importance + 1, importance, 2]) {
            line.add(" - \(prefix)\(name): \(Figures.metric(value))", importance: importance)
        }
    }
}
