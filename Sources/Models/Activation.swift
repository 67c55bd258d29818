/// Elementwise functions, and softmax over the last axis, by Keras's names.
public enum Activation: String, Sendable, Equatable, CaseIterable {
    case linear, relu, tanh, sigmoid, softmax
}
