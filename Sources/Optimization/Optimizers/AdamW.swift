/// Adam with decoupled weight decay (Loshchilov and Hutter, 2019). Every optimizer takes a weight decay, as in Keras, so
/// this one is Adam with a weight decay that is not 0 by default. Source: keras/src/optimizers/adamw.py.
public struct AdamW: Optimizer, Hashable {
    public static let name = "adamw"
    public static let kerasClass = "AdamW"
    public static let kerasName = "adam_w"
    public static let kerasSlotsTogether = Adam.kerasSlotsTogether
    public static let defaultLearningRate = 0.001
    public static let defaultWeightDecay = 0.004
    public static let hyperparameters: [Hyperparameter<AdamW>] = [
        Hyperparameter("beta1", keras: "beta_1", \.adam.beta1, .belowOne),
        Hyperparameter("beta2", keras: "beta_2", \.adam.beta2, .belowOne),
        Hyperparameter("epsilon", keras: "epsilon", \.adam.epsilon, .positive),
        Hyperparameter(
            "amsgrad", keras: "amsgrad", \.adam.isAMSGrad, summary: Adam.amsgradSummary, storage: .whereChosen),
    ]

    private var adam = Adam()

    public init() {}

    public var slots: [OptimizerSlot] { adam.slots }

    public func update(
        weights: UnsafeMutablePointer<Float>, gradient: UnsafePointer<Float>,
        slots: [UnsafeMutablePointer<Float>], count: Int, step: UpdateStep
    ) {
        adam.update(weights: weights, gradient: gradient, slots: slots, count: count, step: step)
    }
}
