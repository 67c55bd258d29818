/// What a layer's outputs y add to the loss: l1 · Σ |y| + l2 · Σ y² of each sample, as Keras's `activity_regularizer` does.
public struct ActivityPenalty: Sendable, Equatable {
    public let l1: Float
    public let l2: Float

    public init(l1: Float = 0, l2: Float = 0) { (self.l1, self.l2) = (l1, l2) }
}
