/// Lion, the sign of a momentum (Chen et al., 2023). Two means of the gradient share one slot: `beta1` mixes the step's
/// gradient into the mean whose sign is taken, `beta2` into the one that is kept. Source: keras/src/optimizers/lion.py.
public struct Lion: Optimizer, Hashable {
    public static let name = "lion"
    public static let kerasClass = "Lion"
    public static let kerasName = "lion"
    public static let defaultLearningRate = 0.001
    public static let hyperparameters: [Hyperparameter<Lion>] = [
        // Keras refuses 0 as well: nothing would be left but the sign of the gradient.
        Hyperparameter("beta1", keras: "beta_1", \.beta1, .fraction),
        Hyperparameter("beta2", keras: "beta_2", \.beta2, .belowOne),
    ]

    public var beta1 = 0.9
    public var beta2 = 0.99

    public init() {}

    public var slots: [OptimizerSlot] { [OptimizerSlot(name: "momentum", initialValue: 0)] }

    public func update(
        weights: UnsafeMutablePointer<Float>, gradient: UnsafePointer<Float>,
        slots: [UnsafeMutablePointer<Float>], count: Int, step: UpdateStep
    ) {
        let terms = step.terms
        let rate = terms.rate
        let (beta1, beta2) = (Float(beta1), Float(beta2))
        let (fresh1, fresh2) = (1 - beta1, 1 - beta2)
        let momentum = slots[0]
        for i in 0..<count {
            let g = terms.regularized(gradient[i], weights[i])
            let m = momentum[i]
            let direction = m * beta1 + g * fresh1
            // The sign of zero is zero, so that padding stays as it is.
            let sign: Float = (direction > 0 ? 1 : 0) - (direction < 0 ? 1 : 0)
            momentum[i] = m * beta2 + g * fresh2
            weights[i] = terms.decayed(weights[i]) - rate * sign
        }
    }
}
