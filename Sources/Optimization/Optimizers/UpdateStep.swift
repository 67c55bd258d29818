import Glibc

/// A norm that an update may depend on. No slice can tell it, so all ranks sum it before the first update.
public enum UpdateNorm: Hashable, Sendable {
    /// Of the parameter's gradient, and of the gradients of all parameters.
    case gradient
    /// Of the parameter's weights.
    case weights
    /// Of what `Optimizer.direct` makes of the parameter's gradient.
    case direction
}

/// What one update needs to know besides weights, gradient and slots: the same on every rank and for every slice of one
/// step, apart from the penalties `l1` and `l2`, and the `norms`, which a parameter has for itself.
public struct UpdateStep: Sendable {
    /// Multiplied into the gradient first: 1 / (samples of the batch), since gradients are sums over samples.
    public var scale: Float
    public var learningRate: Float
    /// Updates done before this one, from 0 (Keras's `iterations`).
    public var iteration: Int
    /// Keras's kernel regularizer l2: `l2 * sum(w^2)` in the loss, hence `2 * l2 * w` in the gradient.
    public var l2: Float
    /// Keras's regularizer l1: `l1 * sum(|w|)` in the loss, hence `l1 * sign(w)` in the gradient. Updates do not apply it: it
    /// is in gradients that are regularized before.
    public var l1: Float = 0
    /// Keras's decoupled weight decay: `w -= w * weightDecay * learningRate` ahead of the update. Keras decays every
    /// trainable variable, biases and batch-norm scales too.
    public var weightDecay: Float
    /// Those that clipping and the optimizer need; the others are 0.
    public var norms = Norms()

    /// Norms of one parameter, and of all.
    public struct Norms: Sendable {
        public var gradient: Float = 0
        public var allGradients: Float = 0
        public var weights: Float = 0
        public var direction: Float = 0

        public init() {}
    }

    public init(scale: Float, learningRate: Float, iteration: Int, l2: Float = 0, weightDecay: Float = 0) {
        self.scale = scale
        self.learningRate = learningRate
        self.iteration = iteration
        self.l2 = l2
        self.weightDecay = weightDecay
    }

    /// Turns gradients that are sums over samples into those of the loss, in place: means, with the penalty's part.
    public func regularize(_ gradient: UnsafeMutablePointer<Float>, weights: UnsafePointer<Float>, count: Int) {
        let terms = terms
        for i in 0..<count { gradient[i] = terms.regularized(gradient[i], weights[i]) }
        guard l1 > 0 else { return }
        for i in 0..<count { gradient[i] += weights[i] > 0 ? l1 : weights[i] < 0 ? -l1 : 0 }
    }

    /// The step for gradients that are regularized already, and are multiplied by `factor`.
    public func regularized(factor: Float = 1) -> UpdateStep {
        var step = self
        (step.scale, step.l1, step.l2) = (factor, 0, 0)
        return step
    }

    /// The power of a decay rate after this update, for bias corrections. In Float, as in Keras: 1 - 0.999 differs by 1e-5
    /// of itself between Float and Double. It is rounded from Double, so that it does not hang on a libm's `powf`.
    func power(of rate: Double) -> Float { Float(pow(Double(Float(rate)), Double(iteration + 1))) }

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
