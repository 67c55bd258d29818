import Basics
import KerasNetworks
import Models
import Optimization

/// How Keras describes an optimizer. Source: keras/src/optimizers/base_optimizer.py.
extension Optimizer {
    /// Its `get_config()`, without what is the same for all classes and runs.
    public func kerasConfiguration(
        learningRate: Double, weightDecay: Double, clipping: GradientClipping? = nil
    ) -> [String: JSONValue] {
        var configuration: [String: JSONValue] = [:]
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

/// A slot of an optimizer and a trainable parameter of a network, each by its index.
package typealias SlotPlace = (slot: Int, parameter: Int)

/// The order of `Optimizer.kerasSlotsTogether`.
extension Optimizer {
    /// The optimizer's variables, in the order in which files hold them.
    package func slotPlaces(in network: Network) -> [SlotPlace] {
        Self.slotPlaces(slots: slots.count, in: network)
    }

    /// With so many slots for each parameter. `together` is that of Keras 3 if it is nil.
    static func slotPlaces(slots: Int, in network: Network, together: Int? = nil) -> [SlotPlace] {
        let byNode = Dictionary(grouping: network.trainableParameters.indices) { network.trainableParameters[$0].node }
        let parameters = network.kerasLayerOrder.flatMap { byNode[$0] ?? [] }
        let together = together ?? kerasSlotsTogether
        return stride(from: 0, to: slots, by: together).flatMap { first in
            parameters.flatMap { parameter in (first..<min(first + together, slots)).map { ($0, parameter) } }
        }
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
