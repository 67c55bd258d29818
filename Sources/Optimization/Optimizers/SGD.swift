import Basics

/// Gradient descent with optional (Nesterov) momentum. Source: keras/src/optimizers/sgd.py.
public struct SGD: Optimizer, Hashable {
    public static let name = "sgd"
    public static let kerasClass = "SGD"
    public static let kerasName = "sgd"
    public static let defaultLearningRate = 0.01
    public static let hyperparameters: [Hyperparameter<SGD>] = [
        Hyperparameter("momentum", keras: "momentum", \.momentum, .belowOne),
        Hyperparameter("nesterov", keras: "nesterov", \.nesterov, summary: "Nesterov momentum"),
    ]

    public var momentum = 0.0
    /// Takes effect with a momentum only.
    public var nesterov = false

    public init() {}

    public func validate() throws(OptionError) {
        guard !nesterov || momentum > 0 else {
            throw OptionError("nesterov", "Nesterov momentum needs --optimizer sgd and a --momentum above 0")
        }
    }

    /// Keras keeps no momentum where it is zero.
    public var slots: [OptimizerSlot] {
        momentum == 0 ? [] : [OptimizerSlot(name: "momentum", initialValue: 0)]
    }

    public func update(
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
