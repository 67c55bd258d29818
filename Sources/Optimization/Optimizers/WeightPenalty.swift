/// Keras's regularizer of one parameter: l1 · Σ |w| + l2 · Σ w² in the loss.
public struct WeightPenalty: Sendable, Equatable {
    public let l1: Double
    public let l2: Double

    public init(l1: Double = 0, l2: Double = 0) { (self.l1, self.l2) = (l1, l2) }

    public static let none = WeightPenalty()
}
