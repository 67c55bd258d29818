import Basics

/// Elementwise functions, and softmax over the last axis, by Keras's names.
public enum Activation: String, Sendable, Equatable, CaseIterable {
    case linear, relu, tanh, sigmoid, softmax
    /// 1.7159 tanh(2/3 x), which maps ±1 to ±1: LeCun et al., 1998, appendix A. Not in Keras.
    case scaledTanh = "scaled_tanh"

    /// The name in a configuration; what Keras lacks as the function of ours that it is to look up.
    var keras: JSONValue {
        guard self == .scaledTanh else { return .string(rawValue) }
        let name = KerasPackage.name(rawValue)
        return [
            "module": "builtins", "class_name": "function", "config": .string(name), "registered_name": "function",
        ]
    }
}
