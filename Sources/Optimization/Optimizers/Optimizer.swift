/// How gradients change weights: one of Keras's algorithms with its hyper-parameters. A value without state; what it
/// remembers between updates lives in slots, arenas as long as the weights they belong to.
///
/// Every element is updated on its own, by the same IEEE operations wherever it lies, so any cut of an arena into
/// slices gives the same bits. Padding (weight and gradient zero) stays zero.
public enum Optimizer: Hashable, Sendable, Codable {
    case sgd(SGD)
    case adam(Adam)
    case rmsprop(RMSprop)
    case adagrad(AdaGrad)

    /// The slots in the order in which `update` takes them.
    public var slots: [OptimizerSlot] {
        switch self {
        case .sgd(let sgd): sgd.slots
        case .adam(let adam): adam.slots
        case .rmsprop(let rmsprop): rmsprop.slots
        case .adagrad(let adagrad): adagrad.slots
        }
    }

    /// Keras's default for this algorithm.
    public var defaultLearningRate: Double {
        switch self {
        case .sgd: 0.01
        case .adam, .rmsprop, .adagrad: 0.001
        }
    }

    /// Updates `count` weights in place. `slots` holds one pointer a slot, in the order of `slots`; it is made when
    /// slices are planned, so that a step allocates nothing. No two of the ranges overlap.
    public func update(
        weights: UnsafeMutablePointer<Float>, gradient: UnsafePointer<Float>,
        slots: [UnsafeMutablePointer<Float>], count: Int, step: UpdateStep
    ) {
        switch self {
        case .sgd(let sgd):
            sgd.update(weights: weights, gradient: gradient, slots: slots, count: count, step: step)
        case .adam(let adam):
            adam.update(weights: weights, gradient: gradient, slots: slots, count: count, step: step)
        case .rmsprop(let rmsprop):
            rmsprop.update(weights: weights, gradient: gradient, slots: slots, count: count, step: step)
        case .adagrad(let adagrad):
            adagrad.update(weights: weights, gradient: gradient, slots: slots, count: count, step: step)
        }
    }
}

/// A value an optimizer keeps for every weight.
public struct OptimizerSlot: Hashable, Sendable {
    /// Keras's name for it: the last part of the variable's path, as in `adam/conv1_kernel_velocity`.
    public let name: String
    public let initialValue: Float
}
