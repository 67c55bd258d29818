/// What one update needs to know besides weights, gradient and slots: the same on every rank and for every slice of one
/// step, apart from `l2`, which only kernels have.
public struct UpdateStep: Sendable {
    /// Multiplied into the gradient first: 1 / (samples of the batch), since gradients are sums over samples.
    public var scale: Float
    public var learningRate: Float
    /// Updates done before this one, from 0 (Keras's `iterations`).
    public var iteration: Int
    /// Keras's kernel regularizer l2: `l2 * sum(w^2)` in the loss, hence `2 * l2 * w` in the gradient.
    public var l2: Float
    /// Keras's decoupled weight decay: `w -= w * weightDecay * learningRate` ahead of the update. Keras decays every
    /// trainable variable, biases and batch-norm scales too.
    public var weightDecay: Float

    public init(scale: Float, learningRate: Float, iteration: Int, l2: Float = 0, weightDecay: Float = 0) {
        self.scale = scale
        self.learningRate = learningRate
        self.iteration = iteration
        self.l2 = l2
        self.weightDecay = weightDecay
    }

    /// The same numbers as loops want them: values of their own, which no store through a pointer can change.
    var terms: Terms { Terms(scale: scale, penalty: 2 * l2, weightDecay: weightDecay, rate: learningRate) }

    struct Terms {
        let scale: Float
        let penalty: Float
        let weightDecay: Float
        let rate: Float

        /// The gradient an update rule sees. The penalty is that of the weight before it decays, as in Keras, where the
        /// gradient is computed first.
        @inline(__always)
        func regularized(_ gradient: Float, _ weight: Float) -> Float {
            gradient * scale + penalty * weight
        }

        @inline(__always)
        func decayed(_ weight: Float) -> Float {
            weight - weight * weightDecay * rate
        }
    }
}
