/// LARS (You et al., 2017), for large batches: the step of each parameter is scaled to the norm of its weights. The weight decay is
/// the paper's, a part of the gradient. A parameter without weight decay is not scaled, as in timm, so `--weight-decay-on kernels`
/// leaves biases and normalisation to plain momentum. Not in Keras; `scripts/dptrain_keras.py` has the class.
public struct LARS: Optimizer, Hashable {
    public static let name = "lars"
    public static let kerasClass = "dptrain>LARS"
    public static let kerasName = "lars"
    public static let defaultLearningRate = 0.1
    public static let defaultWeightDecay = 1e-4
    public static let neededNorms: Set<UpdateNorm> = [.gradient, .weights]
    public static let hyperparameters: [Hyperparameter<LARS>] = [
        Hyperparameter("momentum", keras: "momentum", \.momentum, .belowOne),
        Hyperparameter(
            "trust", keras: "trust", \.trust, .positive, summary: "step of each parameter as a part of its norm",
            storage: .withOwners),
    ]

    public var momentum = 0.0
    public var trust = 0.001

    public init() {}

    public var slots: [OptimizerSlot] { [OptimizerSlot(name: "momentum", initialValue: 0)] }

    public func update(
        weights: UnsafeMutablePointer<Float>, gradient: UnsafePointer<Float>,
        slots: [UnsafeMutablePointer<Float>], count: Int, step: UpdateStep
    ) {
        let terms = step.terms
        let (momentum, decay) = (Float(momentum), terms.weightDecay)
        let rate = terms.rate * scale(step.norms, decay: decay, clipped: terms.scale)
        let velocity = slots[0]
        for i in 0..<count {
            let change = (terms.regularized(gradient[i], weights[i]) + decay * weights[i]) * rate
            let v = velocity[i] * momentum - change
            velocity[i] = v
            weights[i] += v
        }
    }

    /// What the learning rate of a parameter is multiplied by. `clipped` is what clipping leaves of the gradient.
    private func scale(_ norms: UpdateStep.Norms, decay: Float, clipped: Float) -> Float {
        let gradient = norms.gradient * clipped
        guard decay > 0, norms.weights > 0, gradient > 0 else { return 1 }
        return Float(trust) * norms.weights / (gradient + decay * norms.weights + 1e-8)
    }
}
