import CIntrinsics

/// Adam (Kingma and Ba, 2015), with "epsilon hat", the form that stands before section 2.1 of the paper, as in Keras.
/// Source: keras/src/optimizers/adam.py.
public struct Adam: Optimizer, Hashable {
    public static let name = "adam"
    public static let kerasClass = "Adam"
    public static let kerasName = "adam"
    public static let kerasConstants = ["amsgrad": false]
    public static let kerasSlotOrder = KerasSlotOrder.byParameter
    public static let defaultLearningRate = 0.001
    public static let hyperparameters: [Hyperparameter<Adam>] = [
        Hyperparameter("beta1", keras: "beta_1", \.beta1, .belowOne),
        Hyperparameter("beta2", keras: "beta_2", \.beta2, .belowOne),
        Hyperparameter("epsilon", keras: "epsilon", \.epsilon, .positive),
    ]

    public var beta1 = 0.9
    public var beta2 = 0.999
    public var epsilon = 1e-7

    public init() {}

    public var slots: [OptimizerSlot] {
        [OptimizerSlot(name: "momentum", initialValue: 0), OptimizerSlot(name: "velocity", initialValue: 0)]
    }

    public func update(
        weights: UnsafeMutablePointer<Float>, gradient: UnsafePointer<Float>,
        slots: [UnsafeMutablePointer<Float>], count: Int, step: UpdateStep
    ) {
        let terms = step.terms
        let alpha = biasCorrectedRate(step)
        let keep1 = Float(1 - beta1)
        let keep2 = Float(1 - beta2)
        let epsilon = Float(epsilon)
        let momentum = slots[0]
        let velocity = slots[1]
        for i in 0..<count {
            let g = terms.regularized(gradient[i], weights[i])
            let m = momentum[i] + (g - momentum[i]) * keep1
            let v = velocity[i] + (g * g - velocity[i]) * keep2
            momentum[i] = m
            velocity[i] = v
            weights[i] = terms.decayed(weights[i]) - (m * alpha) / (dptrain_square_root(v) + epsilon)
        }
    }

    /// The bias correction, folded into the rate.
    private func biasCorrectedRate(_ step: UpdateStep) -> Float {
        step.learningRate * (1 - step.power(of: beta2)).squareRoot() / (1 - step.power(of: beta1))
    }
}
