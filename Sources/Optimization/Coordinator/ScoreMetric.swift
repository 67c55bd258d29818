/// A metric of validation that needs more than sums over samples, or that few runs look at. It is computed where a rule monitors
/// it.
public enum ScoreMetric: String, Sendable, CaseIterable {
    /// The part of samples whose label is among the five largest outputs.
    case top5
    /// The mean over classes of the harmonic mean of precision and recall.
    case f1
    /// The area under the receiver operating characteristic: the mean over classes, each against the others.
    case auc

    public var name: String { "val_" + rawValue }

    /// Those that a monitor names.
    public static func among(_ monitors: [Monitor]) -> Set<ScoreMetric> {
        let names = Set(monitors.map(\.metric))
        return Set(allCases.filter { names.contains($0.name) || names.contains($0.rawValue) })
    }
}
