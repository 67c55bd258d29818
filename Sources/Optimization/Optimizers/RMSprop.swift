import CIntrinsics

/// RMSprop with optional plain momentum; epsilon is added under the root. Centred, it divides by the deviation of gradients instead
/// of their root mean square. Source: keras/src/optimizers/rmsprop.py.
public struct RMSprop: Optimizer, Hashable {
    public static let name = "rmsprop"
    public static let kerasClass = "RMSprop"
    public static let kerasName = "rm_sprop"
    public static let defaultLearningRate = 0.001
    public static let hyperparameters: [Hyperparameter<RMSprop>] = [
        Hyperparameter("rho", keras: "rho", \.rho, .belowOne),
        Hyperparameter("momentum", keras: "momentum", \.momentum, .belowOne),
        Hyperparameter("epsilon", keras: "epsilon", \.epsilon, .positive),
        Hyperparameter(
            "centered", keras: "centered", \.isCentered, summary: "divide by the deviation of gradients",
            storage: .whereChosen),
    ]

    public var rho = 0.9
    public var momentum = 0.0
    public var epsilon = 1e-7
    public var isCentered = false

    public init() {}

    public var slots: [OptimizerSlot] {
        let names = ["velocity"] + (momentum > 0 ? ["momentum"] : []) + (isCentered ? ["average_gradient"] : [])
        return names.map { OptimizerSlot(name: $0, initialValue: 0) }
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
        let momentum = Float(momentum)
        let velocity = slots[0]
        let accumulated = momentum > 0 ? slots[1] : nil
        let averages = isCentered ? slots[slots.count - 1] : nil
        for i in 0..<count {
            let g = terms.regularized(gradient[i], weights[i])
            let v = rho * velocity[i] + fresh * (g * g)
            velocity[i] = v
            var square = v
            if let averages {
                let average = rho * averages[i] + fresh * g
                averages[i] = average
                square = v - average * average
            }
            var change = (rate * g) / dptrain_square_root(square + epsilon)
            if let accumulated {
                change = momentum * accumulated[i] + change
                accumulated[i] = change
            }
            weights[i] = terms.decayed(weights[i]) - change
        }
    }
}
