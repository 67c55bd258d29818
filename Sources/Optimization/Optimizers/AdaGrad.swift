import CIntrinsics

/// AdaGrad (Duchi et al., 2011); epsilon is added under the root. Source: keras/src/optimizers/adagrad.py.
public struct AdaGrad: Hashable, Sendable, Codable {
    public var initialAccumulator: Double
    public var epsilon: Double

    public init(initialAccumulator: Double = 0.1, epsilon: Double = 1e-7) {
        self.initialAccumulator = initialAccumulator
        self.epsilon = epsilon
    }

    var slots: [OptimizerSlot] {
        [OptimizerSlot(name: "accumulator", initialValue: Float(initialAccumulator))]
    }

    func update(
        weights: UnsafeMutablePointer<Float>, gradient: UnsafePointer<Float>,
        slots: [UnsafeMutablePointer<Float>], count: Int, step: UpdateStep
    ) {
        let terms = step.terms
        let rate = terms.rate
        let epsilon = Float(epsilon)
        let accumulator = slots[0]
        for i in 0..<count {
            let g = terms.regularized(gradient[i], weights[i])
            let a = accumulator[i] + g * g
            accumulator[i] = a
            weights[i] = terms.decayed(weights[i]) - (rate * g) / dptrain_square_root(a + epsilon)
        }
    }
}
