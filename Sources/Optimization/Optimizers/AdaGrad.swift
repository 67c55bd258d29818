import CIntrinsics

/// AdaGrad (Duchi et al., 2011); epsilon is added under the root. Source: keras/src/optimizers/adagrad.py.
public struct AdaGrad: Optimizer, Hashable {
    public static let name = "adagrad"
    public static let kerasClass = "Adagrad"
    public static let kerasName = "adagrad"
    public static let defaultLearningRate = 0.001
    public static let hyperparameters: [Hyperparameter<AdaGrad>] = [
        Hyperparameter(
            "initial-accumulator", keras: "initial_accumulator_value", \.initialAccumulator, .notNegative),
        Hyperparameter("epsilon", keras: "epsilon", \.epsilon, .positive),
    ]

    public var initialAccumulator = 0.1
    public var epsilon = 1e-7

    public init() {}

    public var slots: [OptimizerSlot] {
        [OptimizerSlot(name: "accumulator", initialValue: Float(initialAccumulator))]
    }

    public func update(
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
