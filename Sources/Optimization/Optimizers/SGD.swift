/// Gradient descent with optional (Nesterov) momentum. Source: keras/src/optimizers/sgd.py.
public struct SGD: Hashable, Sendable, Codable {
    public var momentum: Double
    /// Takes effect with a momentum only.
    public var nesterov: Bool

    public init(momentum: Double = 0, nesterov: Bool = false) {
        self.momentum = momentum
        self.nesterov = nesterov
    }

    /// Keras keeps no momentum where it is zero.
    var slots: [OptimizerSlot] {
        momentum == 0 ? [] : [OptimizerSlot(name: "momentum", initialValue: 0)]
    }

    func update(
        weights: UnsafeMutablePointer<Float>, gradient: UnsafePointer<Float>,
        slots: [UnsafeMutablePointer<Float>], count: Int, step: UpdateStep
    ) {
        let terms = step.terms
        let rate = terms.rate
        guard momentum != 0 else {
            for i in 0..<count {
                let g = terms.regularized(gradient[i], weights[i])
                weights[i] = terms.decayed(weights[i]) - g * rate
            }
            return
        }
        let momentum = Float(momentum)
        let velocity = slots[0]
        if nesterov {
            for i in 0..<count {
                let change = terms.regularized(gradient[i], weights[i]) * rate
                let v = velocity[i] * momentum - change
                velocity[i] = v
                weights[i] = terms.decayed(weights[i]) + (v * momentum - change)
            }
        } else {
            for i in 0..<count {
                let v = velocity[i] * momentum - terms.regularized(gradient[i], weights[i]) * rate
                velocity[i] = v
                weights[i] = terms.decayed(weights[i]) + v
            }
        }
    }
}
