import Basics
import FoundationEssentials
import Glibc
import Optimization

/// Shows a run to people: on a terminal one live line an epoch, as Keras has it; elsewhere one plain line an epoch.
public final class ConsoleReporter: RunObserver {
    private let isLive: Bool
    private let width: Int
    private let clock: () -> Double
    private let write: (String) -> Void
    /// Of the run, once it has begun.
    private var epochs = 0
    private var output = ""
    private var shownEpoch: Int?
    /// When the live line was last written, and since when this epoch is measured.
    private var lastShown = -Double.infinity
    private var epochSeconds = 0.0
    private var epochWaited = 0.0
    private var epochSamples = 0
    private var epochSteps = 0
    private static let refreshInterval = 0.1
    private static let barWidth = 30

    /// On standard output.
    public convenience init() {
        self.init(
            isLive: Terminal.isWatched, width: Terminal.width,
            clock: { ProcessInfo.processInfo.systemUptime },
            write: { StandardOutput.show($0, terminator: "") })
    }

    /// `clock` gives seconds; `width` is the length a live line is cut to.
    public init(
        isLive: Bool, width: Int, clock: @escaping () -> Double, write: @escaping (String) -> Void
    ) {
        self.isLive = isLive
        self.width = width
        self.clock = clock
        self.write = write
    }

    public func runBegan(_ event: RunBegun) {
        (epochs, output) = (event.epochs, event.output)
        write(event.banner.joined(separator: "\n") + "\n\n")
    }

    public func stepEnded(_ event: StepEnded) {
        beginEpoch(event.epoch)
        if let seconds = event.sinceStart { note("first step done \(Figures.duration(seconds)) after the start") }
        epochSeconds += event.durations.total
        epochWaited += event.durations.dataWait
        epochSamples += event.samples
        epochSteps += 1
        guard isLive, clock() - lastShown >= Self.refreshInterval else { return }
        lastShown = clock()
        let line =
            "\(progress(event.stepInEpoch, of: event.stepsPerEpoch)) "
            + speed(steps: epochSteps, samples: epochSamples, seconds: epochSeconds, waited: epochWaited)
            + means(event.epochSoFar, "")
        write("\r\(line.prefix(width - 1))\u{1B}[K")
    }

    public func rolledBack(_ event: RolledBack) {
        beginEpoch(event.epoch)
        event.messages.forEach(note)
        shownEpoch = nil
    }

    public func epochEnded(_ event: EpochEnded) {
        beginEpoch(event.metrics.epoch)
        let start =
            isLive
            ? "\r\(progress(event.stepsPerEpoch, of: event.stepsPerEpoch))"
            : "Epoch \(event.metrics.epoch + 1)/\(epochs):"
        let metrics = event.metrics
        let validation =
            (metrics.validation.map { means($0, "val_") } ?? "")
            + metrics.scores.sorted { $0.key < $1.key }.map { " - \($0): \(Figures.metric($1))" }.joined()
            + (metrics.rawValidation.map { means($0, "raw_val_") } ?? "")
        write(
            "\(start) \(Figures.duration(event.seconds)) "
                + speed(
                    steps: event.steps, samples: event.samples, seconds: event.trainingSeconds,
                    waited: event.waitedSeconds)
                + means(event.metrics.training, "") + validation
                + " - learning_rate: \(Figures.metric(Double(event.learningRate)))\(isLive ? "\u{1B}[K" : "")\n")
        for message in event.messages { write("  \(message)\n") }
    }

    /// An error is told by whoever started the run.
    public func runEnded(_ event: RunEnded) {
        if case .failed = event.outcome { return }
        event.notes.forEach(note)
        let epochs = Figures.count(event.epochs, "epoch")
        switch event.outcome {
        case .finished: note("finished after \(epochs); results are in \(output)")
        case .stopped(let reason): note("stopped after \(epochs): \(reason); results are in \(output)")
        case .interrupted, .outOfTime:
            note(
                "\(event.outcome.reason): checkpoint saved at step \(event.step); "
                    + "continue with --resume --output \(output)")
        case .failed: break
        }
    }

    /// A line of its own, between epochs or in the middle of one.
    private func note(_ text: String) {
        write(isLive ? "\r\u{1B}[K\(text)\n" : "\(text)\n")
        lastShown = -.infinity
    }

    private func beginEpoch(_ epoch: Int) {
        guard shownEpoch != epoch else { return }
        shownEpoch = epoch
        (epochSeconds, epochWaited, epochSamples, epochSteps) = (0, 0, 0, 0)
        lastShown = -.infinity
        if isLive { write("Epoch \(epoch + 1)/\(epochs)\n") }
    }

    /// ` 120/468 [=======>......................]`
    private func progress(_ step: Int, of steps: Int) -> String {
        let counter = " \("\(step)".padded(to: "\(steps)".count, atStart: true))/\(steps)"
        let filled = step * Self.barWidth / steps
        let head = filled < Self.barWidth ? ">" : ""
        let rest = String(repeating: ".", count: Self.barWidth - filled - head.count)
        return "\(counter) [\(String(repeating: "=", count: filled))\(head)\(rest)]"
    }

    /// `12ms/step 850 images/s`, and what share of it was waiting for data, where that is worth a word.
    private func speed(steps: Int, samples: Int, seconds: Double, waited: Double) -> String {
        let share = seconds > 0 ? Int((100 * waited / seconds).rounded()) : 0
        return "\(Figures.duration(seconds / Double(max(1, steps))))/step \(Figures.rate(samples, in: seconds))"
            + (share > 0 ? " (\(share)% waiting for data)" : "")
    }

    private func means(_ means: EpochMetrics.Means, _ prefix: String) -> String {
        let accuracy = means.accuracy.map { " - \(prefix)accuracy: \(Figures.metric($0))" } ?? ""
        return " - \(prefix)loss: \(Figures.metric(means.loss))\(accuracy)"
    }
}
