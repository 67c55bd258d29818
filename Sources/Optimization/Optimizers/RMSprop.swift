import CIntrinsics

/// RMSprop with optional plain momentum; epsilon is added under the root. Source: keras/src/optimizers/rmsprop.py.
public struct RMSprop: Hashable, Sendable, Codable {
    public var rho: Double
    public var momentum: Double
    public var epsilon: Double

    public init(rho: Double = 0.9, momentum: Double = 0, epsilon: Double = 1e-7) {
        self.rho = rho
        self.momentum = momentum
        self.epsilon = epsilon
    }

    var slots: [OptimizerSlot] {
        let velocity = OptimizerSlot(name: "velocity", initialValue: 0)
        return momentum > 0 ? [velocity, OptimizerSlot(name: "momentum", initialValue: 0)] : [velocity]
    }

    func update(
        weights: UnsafeMutablePointer<Float>, gradient: UnsafePointer<Float>,
        slots: [UnsafeMutablePointer<Float>], count: Int, step: UpdateStep
    ) {
        let terms = step.terms
        let rate = terms.rate
        let rho = Float(rho)
        let fresh = Float(1 - self.rho)
        let epsilon = Float(epsilon)
        let velocity = slots[0]
        guard momentum > 0 else {
            for i in 0..<count {
                let g = terms.regularized(gradient[i], weights[i])
                let v = rho * velocity[i] + fresh * (g * g)
                velocity[i] = v
                weights[i] = terms.decayed(weights[i]) - (rate * g) / dptrain_square_root(v + epsilon)
            }
            return
        }
        let momentum = Float(momentum)
        let accumulated = slots[1]
        for i in 0..<count {
            let g = terms.regularized(gradient[i], weights[i])
            let v = rho * velocity[i] + fresh * (g * g)
            let m = momentum * accumulated[i] + (rate * g) / dptrain_square_root(v + epsilon)
            velocity[i] = v
            accumulated[i] = m
            weights[i] = terms.decayed(weights[i]) - m
        }
    }
}
