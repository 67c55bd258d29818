/// How Keras names and orders an optimizer's variables in `optimizer_weights` of a legacy HDF5 file, and what it calls
/// the optimizer in `training_config`.
///
/// The list begins with `<name>/iteration` (int64 scalar) and `<name>/learning_rate` (float32 scalar); then follow the
/// slots of the trainable parameters in model order. Keras assigns by position, so the order matters: Adam's two slots
/// alternate parameter by parameter, RMSprop's come one after the other.
/// Source: keras/src/optimizers/base_optimizer.py.
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

    /// The slots in Keras's order for trainable parameters whose Keras paths are `parameterPaths` (`conv1/kernel`).
    public func kerasSlots(of parameterPaths: [String]) -> [KerasSlotVariable] {
        let slots = slots
        func variable(_ parameter: Int, _ slot: Int) -> KerasSlotVariable {
            let path = String(parameterPaths[parameter].map { $0 == "/" ? "_" : $0 })
            return KerasSlotVariable(
                parameter: parameter, slot: slot, path: "\(kerasName)/\(path)_\(slots[slot].name)")
        }
        if case .adam = self {
            return parameterPaths.indices.flatMap { p in slots.indices.map { variable(p, $0) } }
        }
        return slots.indices.flatMap { slot in parameterPaths.indices.map { variable($0, slot) } }
    }
}

/// One slot of one parameter, as Keras lists it.
public struct KerasSlotVariable: Hashable, Sendable {
    /// Position in the list of trainable parameters.
    public let parameter: Int
    /// Position in `Optimizer.slots`.
    public let slot: Int
    public let path: String
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
