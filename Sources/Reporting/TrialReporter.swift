import Basics

/// Shows what a run is about to do, times its first steps, tells how long it would take, and ends it.
public final class TrialReporter: RunObserver {
    /// Ends the run, on all ranks after the same step.
    public struct Done: Error {}

    /// The first one sets much up, and does not count.
    private static let steps = 1 + 5
    private let show: (String) -> Void
    private var begun: RunBegun?
    private var pace: RunPace?
    private var seen = 0

    /// `show` prints lines.
    public init(_ show: @escaping (String) -> Void) { self.show = show }

    public func runBegan(_ event: RunBegun) {
        begun = event
        pace = RunPace(epochs: event.epochs, stepsPerEpoch: event.stepsPerEpoch)
        show(event.banner.joined(separator: "\n") + "\n")
    }

    public func stepEnded(_ event: StepEnded) throws {
        _ = pace?.stepEnded(event, isValidated: false)
        seen += 1
        if seen == Self.steps { try finish() }
    }

    /// Of a run of fewer steps.
    public func epochEnded(_ event: EpochEnded) throws {
        pace?.epochEnded(event)
        try finish()
    }

    private func finish() throws {
        if let begun, let pace, let whole = pace.whole, let step = pace.step {
            let validation = begun.isValidated ? ", and what validation takes" : ""
            show(
                """
                time        about \(Figures.duration(whole)) for \(Figures.count(begun.epochs, "epoch")) of \
                \(Figures.count(begun.stepsPerEpoch, "step")), \(Figures.duration(step)) each\(validation)
                nothing was written; leave --dry-run out, and the run begins
                """)
        }
        throw Done()
    }
}
