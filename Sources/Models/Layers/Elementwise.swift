import Basics

/// Elementwise functions, and softmax over the last axis, by Keras's names. Those with a parameter have Keras's default.
public enum Activation: String, Sendable, Equatable, CaseIterable {
    case linear, relu, tanh, sigmoid, softmax
    case elu, selu, celu, gelu, silu, mish, softplus, softsign, exponential, squareplus
    case leakyReLU = "leaky_relu"
    case relu6
    case hardSigmoid = "hard_sigmoid"
    case hardSiLU = "hard_silu"
    case hardTanh = "hard_tanh"
    case hardShrink = "hard_shrink"
    case softShrink = "soft_shrink"
    case tanhShrink = "tanh_shrink"
    case logSigmoid = "log_sigmoid"
    case logSoftmax = "log_softmax"
    case sparsePlus = "sparse_plus"
    case sparseSigmoid = "sparse_sigmoid"
    /// Keras 2's `hard_sigmoid`: 0.2 x + 1/2, between 0 and 1. Keras 3 has another function by this name.
    case keras2HardSigmoid = "keras2_hard_sigmoid"
    /// 1.7159 tanh(2/3 x), which maps ±1 to ±1: LeCun et al., 1998, appendix A. Not in Keras.
    case scaledTanh = "scaled_tanh"

    var givesProbabilities: Bool { self == .softmax || self == .sigmoid }

    /// Whether engines have kernels for it, and apply it to the result of another operation. The others are operations of
    /// their own, in plain loops.
    public var isOfEngines: Bool {
        switch self {
        case .linear, .relu, .tanh, .sigmoid: true
        default: false
        }
    }
}

/// A function applied to each element (softmax: along the last axis).
public struct ActivationLayer: LayerDescription {
    public let function: Activation

    public init(_ function: Activation) { self.function = function }

    public func outputShape(of inputs: [Shape]) throws(LayerError) -> Shape { try inputs.single() }

    public var typeName: String { "Activation" }
    public var category: String { "activation" }
    public var activation: Activation { function }
}

/// In training each element is zeroed with probability `rate`, and the rest scaled by 1 / (1 - rate): Srivastava et al.,
/// 2014. With `dropsSamples`, samples are zeroed as a whole, which is stochastic depth at the end of a residual branch. In
/// evaluation it does nothing.
public struct Dropout: LayerDescription {
    public let rate: Float
    /// Keras's `noise_shape` of a sample and ones.
    public let dropsSamples: Bool

    public init(rate: Float, dropsSamples: Bool = false) {
        self.rate = rate
        self.dropsSamples = dropsSamples
    }

    public func outputShape(of inputs: [Shape]) throws(LayerError) -> Shape {
        guard rate >= 0, rate < 1 else { throw LayerError("its rate \(rate) must be in 0..<1") }
        return try inputs.single(rank: dropsSamples ? 3 : nil)
    }

    public var typeName: String { "Dropout" }
    public var category: String { "dropout" }
}

/// The sum of its inputs, which have one shape.
public struct Add: LayerDescription {
    public init() {}

    public func outputShape(of inputs: [Shape]) throws(LayerError) -> Shape {
        guard let first = inputs.first, inputs.count >= 2 else { throw LayerError("adds at least two inputs") }
        if let other = inputs.first(where: { $0 != first }) {
            throw LayerError("cannot add \(first) and \(other): the shapes differ")
        }
        return first
    }

    public var typeName: String { "Add" }
    public var category: String { "add" }
}

extension [Shape] {
    /// The only input, of the rank asked for.
    func single(rank: Int? = nil, hint: String? = nil) throws(LayerError) -> Shape {
        guard count == 1 else { throw LayerError("takes one input, not \(count)") }
        if let rank, self[0].rank != rank {
            let wanted = rank == 1 ? "a vector" : "an image of height x width x channels"
            throw LayerError("takes \(wanted), not \(self[0])" + (hint.map { ": " + $0 } ?? ""))
        }
        return self[0]
    }

    /// The only input, whose last axis has features: a vector, a sequence or an image.
    func singleOfFeatures() throws(LayerError) -> Shape {
        let input = try single()
        guard (1...3).contains(input.rank) else {
            throw LayerError("takes a vector, a sequence or an image, not \(input)")
        }
        return input
    }
}

/// A constant factor. Of one input y = factor · x; of two, x and a residual, y = x + factor · residual, as Szegedy et
/// al., "Inception-v4, Inception-ResNet and the impact of residual connections on learning", 2016, damp residuals. The
/// second is the `CustomScaleLayer` of keras.applications.inception_resnet_v2, whose name and option it has in files.
public struct Scale: LayerDescription {
    public let factor: Float

    public init(_ factor: Float) { self.factor = factor }

    public func outputShape(of inputs: [Shape]) throws(LayerError) -> Shape {
        guard factor.isFinite else { throw LayerError("its factor \(factor) is not a finite number") }
        guard let first = inputs.first, inputs.count <= 2 else {
            throw LayerError("takes one input, or one and a residual, not \(inputs.count)")
        }
        if let residual = inputs.dropFirst().first, residual != first {
            throw LayerError("cannot add the scaled residual \(residual) to \(first): the shapes differ")
        }
        return first
    }

    public var typeName: String { "CustomScaleLayer" }
    public var category: String { "scale" }
}
