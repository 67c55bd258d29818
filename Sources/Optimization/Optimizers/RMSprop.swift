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
        let (rho, fresh) = (Float(rho), Float(1 - self.rho))
        let factor = Float(momentum)
        let (accumulated, means) = (slots[momentum > 0 ? 1 : 0], slots[slots.count - 1])
        func centred(_ i: Int, _ gradient: Float, _ square: Float) -> Float {
            let mean = rho * means[i] + fresh * gradient
            means[i] = mean
            return square - mean * mean
        }
        func accumulate(_ i: Int, _ change: Float) -> Float {
            let sum = factor * accumulated[i] + change
            accumulated[i] = sum
            return sum
        }
        // A loop for each combination: the compiler does not vectorise one with branches.
        let loop = Loop(
            weights: weights, gradient: gradient, velocity: slots[0], count: count, terms: step.terms, rho: rho,
            fresh: fresh, epsilon: Float(epsilon))
        switch (isCentered, momentum > 0) {
        case (false, false): loop.run({ _, _, square in square }, { _, change in change })
        case (false, true): loop.run({ _, _, square in square }, accumulate)
        case (true, false): loop.run(centred, { _, change in change })
        case (true, true): loop.run(centred, accumulate)
        }
    }

    private struct Loop {
        let weights: UnsafeMutablePointer<Float>
        let gradient: UnsafePointer<Float>
        let velocity: UnsafeMutablePointer<Float>
        let count: Int
        let terms: UpdateStep.Terms
        let rho: Float
        let fresh: Float
        let epsilon: Float

        /// `spread` is what gradients are divided by the root of, made of their mean square; `change` is what weights lose, made
        /// of a gradient times the rate.
        @inline(__always)
        func run(_ spread: (Int, Float, Float) -> Float, _ change: (Int, Float) -> Float) {
            for i in 0..<count {
                let g = terms.regularized(gradient[i], weights[i])
                let v = rho * velocity[i] + fresh * (g * g)
                velocity[i] = v
                let lost = change(i, (terms.rate * g) / dptrain_square_root(spread(i, g, v) + epsilon))
                weights[i] = terms.decayed(weights[i]) - lost
            }
        }
    }
}
