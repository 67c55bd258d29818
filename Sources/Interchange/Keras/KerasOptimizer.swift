import Basics
import Optimization

/// How Keras describes an optimizer. Source: keras/src/optimizers/base_optimizer.py.
extension Optimizer {
    /// Its `get_config()`, without what is the same for all classes and runs.
    public func kerasConfiguration(
        learningRate: Double, weightDecay: Double, clipping: GradientClipping? = nil
    ) -> [String: JSONValue] {
        var configuration = Self.kerasConstants.mapValues { JSONValue.bool($0) }
        for parameter in Self.hyperparameters { configuration[parameter.kerasName] = parameter.get(self).json }
        configuration["name"] = .string(Self.kerasName)
        configuration["learning_rate"] = .number(learningRate)
        // Keras's None. A class that decays by default refuses it.
        let isNone = weightDecay == 0 && Self.defaultWeightDecay == 0
        configuration["weight_decay"] = isNone ? .null : .number(weightDecay)
        // Keras's None where it is not named.
        if let clipping { configuration[clipping.kerasName] = .number(clipping.limit) }
        return configuration
    }
}

extension HyperparameterValue {
    fileprivate var json: JSONValue {
        switch self {
        case .number(let number): .number(number)
        case .flag(let flag): .bool(flag)
        }
    }
}
