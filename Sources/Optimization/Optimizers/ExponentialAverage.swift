/// An exponential moving average of weights, by Keras's rule: m * average + (1 - m) * weights after each update, and the weights
/// themselves after the first one. Source: `_update_model_variables_moving_average` in keras/src/optimizers/base_optimizer.py.
public struct ExponentialAverage: Hashable, Sendable {
    public let momentum: Float

    public init(momentum: Double) { self.momentum = Float(momentum) }

    /// Follows an update of the same weights. `iteration` counts updates from 0. Every element is computed on its own.
    public func update(
        average: UnsafeMutablePointer<Float>, weights: UnsafePointer<Float>, count: Int, iteration: Int
    ) {
        let kept = iteration == 0 ? 0 : momentum
        let fresh = 1 - kept
        for i in 0..<count { average[i] = kept * average[i] + fresh * weights[i] }
    }
}
