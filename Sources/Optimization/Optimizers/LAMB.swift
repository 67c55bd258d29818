import CIntrinsics

/// LAMB (You et al., 2020), for large batches: Adam's direction, scaled for each parameter to the norm of its weights.
/// Source: keras/src/optimizers/lamb.py.
public struct LAMB: Optimizer, Hashable {
    public static let name = "lamb"
    public static let kerasClass = "Lamb"
    public static let kerasName = "lamb"
    public static let kerasSlotsTogether = 2
    public static let defaultLearningRate = 0.001
    public static let neededNorms: Set<UpdateNorm> = [.weights, .direction]
    public static let hyperparameters: [Hyperparameter<LAMB>] = [
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

    public func direct(
        _ gradient: UnsafeMutablePointer<Float>, weights: UnsafePointer<Float>,
        slots: [UnsafeMutablePointer<Float>], count: Int, step: UpdateStep
    ) {
        let terms = step.terms
        let (keep1, keep2) = (Float(1 - beta1), Float(1 - beta2))
        let (missing1, missing2) = (1 - step.power(of: beta1), 1 - step.power(of: beta2))
        let epsilon = Float(epsilon)
        let (momentum, velocity) = (slots[0], slots[1])
        for i in 0..<count {
            let g = terms.regularized(gradient[i], weights[i])
            let m = momentum[i] + (g - momentum[i]) * keep1
            let v = velocity[i] + (g * g - velocity[i]) * keep2
            momentum[i] = m
            velocity[i] = v
            gradient[i] = (m / missing1) / (dptrain_square_root(v / missing2) + epsilon)
        }
    }

    /// Keras takes the norm of weights that have decayed.
    public func update(
        weights: UnsafeMutablePointer<Float>, gradient: UnsafePointer<Float>,
        slots: [UnsafeMutablePointer<Float>], count: Int, step: UpdateStep
    ) {
        let terms = step.terms
        let decayed = abs(terms.decayed(step.norms.weights))
        let isScaled = decayed > 0 && step.norms.direction > 0
        let rate = (isScaled ? decayed / step.norms.direction : 1) * terms.rate
        for i in 0..<count { weights[i] = terms.decayed(weights[i]) - rate * gradient[i] }
    }
}
