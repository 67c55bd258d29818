import Basics

/// A limit on gradients, as Keras defines it. What is limited is the gradient of the loss: the mean over the batch, with
/// the part of the kernel regularizer. Source: `_clip_gradients` in keras/src/optimizers/base_optimizer.py.
public enum GradientClipping: Hashable, Sendable {
    /// The norm of each parameter's gradient.
    case norm(Double)
    /// The norm of all gradients together.
    case globalNorm(Double)
    /// Each element, up and down.
    case value(Double)

    /// Keras's word in `get_config`.
    public var kerasName: String {
        switch self {
        case .norm: "clipnorm"
        case .globalNorm: "global_clipnorm"
        case .value: "clipvalue"
        }
    }

    public var limit: Double {
        switch self {
        case .norm(let limit), .globalNorm(let limit), .value(let limit): limit
        }
    }

    public var neededNorms: Set<UpdateNorm> {
        switch self {
        case .norm, .globalNorm: [.gradient]
        case .value: []
        }
    }

    /// What a parameter's gradient is multiplied by. At most 1.
    public func factor(_ norms: UpdateStep.Norms) -> Float {
        let limit = Float(limit)
        return switch self {
        case .norm: limit / max(norms.gradient, limit)
        case .globalNorm: limit / max(norms.allGradients, limit)
        case .value: 1
        }
    }

    /// Cuts values in place where single elements are limited.
    public func clip(_ gradient: UnsafeMutablePointer<Float>, count: Int) {
        guard case .value = self else { return }
        let limit = Float(limit)
        for i in 0..<count { gradient[i] = min(max(gradient[i], -limit), limit) }
    }
}
