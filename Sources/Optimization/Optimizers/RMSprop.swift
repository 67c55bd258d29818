import CIntrinsics

/// RMSprop with optional plain momentum; epsilon is added under the root. Source: keras/src/optimizers/rmsprop.py.
public struct RMSprop: Optimizer, Hashable {
    public static let name = "rmsprop"
    public static let kerasClass = "RMSprop"
    public static let kerasName = "rm_sprop"
    public static let kerasConstants = ["centered": false]
    public static let defaultLearningRate = 0.001
    public static let hyperparameters: [Hyperparameter<RMSprop>] = [
        Hyperparameter("rho", keras: "rho", \.rho, .belowOne),
        Hyperparameter("momentum", keras: "momentum", \.momentum, .belowOne),
        Hyperparameter("epsilon", keras: "epsilon", \.epsilon, .positive),
    ]

    public var rho = 0.9
    public var momentum = 0.0
    public var epsilon = 1e-7

    public init() {}

    public var slots: [OptimizerSlot] {
        let velocity = OptimizerSlot(name: "velocity", initialValue: 0)
        return momentum > 0 ? [velocity, OptimizerSlot(name: "momentum", initialValue: 0)] : [velocity]
    }

    public func update(
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
