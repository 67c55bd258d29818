import Basics
import Models
import Optimization

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
    public var kerasHyperparameters: [String: JSONValue] {
        switch self {
        case .sgd(let sgd): ["momentum": .number(sgd.momentum), "nesterov": .bool(sgd.nesterov)]
        case .adam(let adam):
            [
                "beta_1": .number(adam.beta1), "beta_2": .number(adam.beta2), "epsilon": .number(adam.epsilon),
                "amsgrad": false,
            ]
        case .rmsprop(let rmsprop):
            [
                "rho": .number(rmsprop.rho), "momentum": .number(rmsprop.momentum), "epsilon": .number(rmsprop.epsilon),
                "centered": false,
            ]
        case .adagrad(let adagrad):
            ["initial_accumulator_value": .number(adagrad.initialAccumulator), "epsilon": .number(adagrad.epsilon)]
        }
    }
}
