import Basics
import Glibc

/// Looks for a learning rate (Smith, 2017): the rate grows from step to step, and the loss tells where it helps and where it harms.
/// Ends the run once it has seen enough, on all ranks after the same step.
public final class RateFinder: RunObserver {
    /// Ends the run.
    public struct Done: Error {}

    /// What was found.
    public struct Finding: Sendable, Equatable {
        /// Where the smoothed loss falls fastest, for a rate that grows by factors.
        public let steepest: Double
        /// Where it is lowest: above this rate training gets worse, unless it is the last.
        public let lowest: Double
        /// Whether it is lowest after the last of all steps, so that nothing is known of larger rates.
        public let fallsToTheEnd: Bool
    }

    /// The smoothed loss after each step.
    public private(set) var points: [(rate: Double, loss: Double)] = []
    private let steps: Int
    private var mean = 0.0
    private var weight = 0.0
    private var least = Double.infinity
    private static let smoothing = 0.9
    /// A loss of so many times the least one has seen enough.
    private static let most = 4.0
    /// Steps in which the mean is of few losses.
    private static let unsure = 5

    public init(steps: Int) { self.steps = steps }

    public func stepEnded(_ event: StepEnded) throws {
        guard event.loss.isFinite else { throw Done() }
        mean = Self.smoothing * mean + (1 - Self.smoothing) * event.loss
        weight = Self.smoothing * weight + (1 - Self.smoothing)
        let loss = mean / weight
        points.append((Double(event.learningRate), loss))
        if points.count > Self.unsure { least = min(least, loss) }
        if points.count >= steps || loss > Self.most * least { throw Done() }
    }

    /// Nil if the loss has never fallen.
    public var finding: Finding? {
        let seen = points.indices.dropFirst(Self.unsure)
        guard let lowest = seen.min(by: { points[$0].loss < points[$1].loss }) else { return nil }
        let falls = seen.dropFirst().filter { $0 <= lowest }.map { index in
            let (before, here) = (points[index - 1], points[index])
            return (rate: here.rate, slope: (here.loss - before.loss) / (log(here.rate) - log(before.rate)))
        }
        guard let steepest = falls.min(by: { $0.slope < $1.slope }), steepest.slope < 0 else { return nil }
        return Finding(
            steepest: steepest.rate, lowest: points[lowest].rate, fallsToTheEnd: lowest == steps - 1)
    }
}
