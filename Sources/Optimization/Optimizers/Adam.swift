import CIntrinsics
import Foundation

/// Adam (Kingma and Ba, 2015), in the form ahead of the paper's section 2.1 ("epsilon hat"), as Keras has it.
/// Source: keras/src/optimizers/adam.py.
public struct Adam: Hashable, Sendable, Codable {
    public var beta1: Double
    public var beta2: Double
    public var epsilon: Double

    public init(beta1: Double = 0.9, beta2: Double = 0.999, epsilon: Double = 1e-7) {
        self.beta1 = beta1
        self.beta2 = beta2
        self.epsilon = epsilon
    }

    var slots: [OptimizerSlot] {
        [OptimizerSlot(name: "momentum", initialValue: 0), OptimizerSlot(name: "velocity", initialValue: 0)]
    }

    func update(
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

    /// The bias correction, folded into the rate. In Float, as in Keras: 1 - 0.999 differs by 1e-5 of itself between
    /// Float and Double. The powers are rounded from Double, so that they do not hang on a libm's `powf`.
    private func biasCorrectedRate(_ step: UpdateStep) -> Float {
        let updates = Double(step.iteration + 1)
        let power1 = Float(pow(Double(Float(beta1)), updates))
        let power2 = Float(pow(Double(Float(beta2)), updates))
        return step.learningRate * (1 - power2).squareRoot() / (1 - power1)
    }
}
