import CIntrinsics

/// Adam (Kingma and Ba, 2015), with "epsilon hat", the form that stands before section 2.1 of the paper, as in Keras. As
/// AMSGrad (Reddi et al., 2018) it divides by the largest mean square that a weight has had. Source: keras/src/optimizers/adam.py.
public struct Adam: Optimizer, Hashable {
    public static let name = "adam"
    public static let kerasClass = "Adam"
    public static let kerasName = "adam"
    public static let kerasSlotsTogether = 2
    public static let defaultLearningRate = 0.001
    public static let hyperparameters: [Hyperparameter<Adam>] = [
        Hyperparameter("beta1", keras: "beta_1", \.beta1, .belowOne),
        Hyperparameter("beta2", keras: "beta_2", \.beta2, .belowOne),
        Hyperparameter("epsilon", keras: "epsilon", \.epsilon, .positive),
        Hyperparameter("amsgrad", keras: "amsgrad", \.isAMSGrad, summary: amsgradSummary, storage: .whereChosen),
    ]
    static let amsgradSummary = "divide by the largest mean square of gradients so far"

    public var beta1 = 0.9
    public var beta2 = 0.999
    public var epsilon = 1e-7
    public var isAMSGrad = false

    public init() {}

    public var slots: [OptimizerSlot] {
        let names = ["momentum", "velocity"] + (isAMSGrad ? ["velocity_hat"] : [])
        return names.map { OptimizerSlot(name: $0, initialValue: 0) }
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
        /// `square` is what the step is divided by the root of, made of the mean square of gradients.
        @inline(__always)
        func run(_ square: (Int, Float) -> Float) {
            for i in 0..<count {
                let g = terms.regularized(gradient[i], weights[i])
                let m = momentum[i] + (g - momentum[i]) * keep1
                let v = velocity[i] + (g * g - velocity[i]) * keep2
                momentum[i] = m
                velocity[i] = v
                weights[i] = terms.decayed(weights[i]) - (m * alpha) / (dptrain_square_root(square(i, v)) + epsilon)
            }
        }
        if isAMSGrad {
            let largest = slots[2]
            run { i, v in
                let square = max(largest[i], v)
                largest[i] = square
                return square
            }
        } else {
            run { _, v in v }
        }
    }

    /// The bias correction, folded into the rate.
    private func biasCorrectedRate(_ step: UpdateStep) -> Float {
        step.learningRate * (1 - step.power(of: beta2)).squareRoot() / (1 - step.power(of: beta1))
    }
}
