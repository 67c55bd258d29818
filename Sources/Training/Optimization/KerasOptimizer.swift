/// What Keras calls an optimizer, and how it is configured. Source: keras/src/optimizers/base_optimizer.py.
extension Optimizer {
    public var kerasClassName: String {
        switch self {
        case .sgd: "SGD"
        case .adam: "Adam"
        case .rmsprop: "RMSprop"
        case .adagrad: "Adagrad"
        }
    }

    /// The first part of every variable's path.
    public var kerasName: String {
        switch self {
        case .sgd: "sgd"
        case .adam: "adam"
        case .rmsprop: "rm_sprop"
        case .adagrad: "adagrad"
        }
    }

    /// The hyper-parameters in Keras's `get_config` that differ between the algorithms.
    public var kerasHyperparameters: KerasHyperparameters {
        switch self {
        case .sgd(let sgd): KerasHyperparameters(momentum: sgd.momentum, nesterov: sgd.nesterov)
        case .adam(let adam):
            KerasHyperparameters(epsilon: adam.epsilon, beta1: adam.beta1, beta2: adam.beta2, amsgrad: false)
        case .rmsprop(let rmsprop):
            KerasHyperparameters(
                momentum: rmsprop.momentum, epsilon: rmsprop.epsilon, rho: rmsprop.rho, centered: false)
        case .adagrad(let adagrad):
            KerasHyperparameters(epsilon: adagrad.epsilon, initialAccumulator: adagrad.initialAccumulator)
        }
    }
}

/// Encodes to the members that Keras's optimizer configuration has for the algorithm at hand.
public struct KerasHyperparameters: Hashable, Sendable, Encodable {
    var momentum: Double?
    var nesterov: Bool?
    var epsilon: Double?
    var beta1: Double?
    var beta2: Double?
    var amsgrad: Bool?
    var rho: Double?
    var centered: Bool?
    var initialAccumulator: Double?

    private enum CodingKeys: String, CodingKey {
        case momentum, nesterov, epsilon, amsgrad, rho, centered
        case beta1 = "beta_1"
        case beta2 = "beta_2"
        case initialAccumulator = "initial_accumulator_value"
    }
}
