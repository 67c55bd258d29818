import Basics

/// y = gamma · (x - mean) / sqrt(variance + epsilon) + beta over the last axis: Ioffe and Szegedy, 2015, with Keras's
/// defaults. Training uses the statistics of the shard or of the whole batch; evaluation, and a layer that does not
/// train, the moving ones.
public struct BatchNormalization: LayerDescription {
    public let momentum: Float
    public let epsilon: Float
    /// Whether there is a gamma; 1 otherwise.
    public let usesScale: Bool
    /// Whether there is a beta; 0 otherwise.
    public let usesCenter: Bool
    /// Zeros or ones: what gamma begins with.
    public let gammaInitializer: Initializer

    public init(
        momentum: Float = 0.99, epsilon: Float = 1e-3, usesScale: Bool = true, usesCenter: Bool = true,
        gammaInitializer: Initializer = .ones
    ) {
        self.gammaInitializer = gammaInitializer
        self.momentum = momentum
        self.epsilon = epsilon
        self.usesScale = usesScale
        self.usesCenter = usesCenter
    }

    public func outputShape(of inputs: [Shape]) throws(LayerError) -> Shape {
        try inputs.singleOfFeatures()
    }

    public func parameters(for inputs: [Shape]) -> [ParameterSpecification] {
        let shape: Shape = [inputs[0][inputs[0].rank - 1]]
        return (usesScale ? [ParameterSpecification("gamma", shape, gammaInitializer)] : [])
            + (usesCenter ? [ParameterSpecification("beta", shape, .zeros)] : [])
            + [
                ParameterSpecification("moving_mean", shape, .zeros, role: .statistic),
                ParameterSpecification("moving_variance", shape, .ones, role: .statistic),
            ]
    }

    /// The places of the parameters among the layer's.
    public var gamma: Int? { usesScale ? 0 : nil }
    public var beta: Int? { usesCenter ? (usesScale ? 1 : 0) : nil }
    public var movingMean: Int { (usesScale ? 1 : 0) + (usesCenter ? 1 : 0) }
    public var movingVariance: Int { movingMean + 1 }

    public var typeName: String { "BatchNormalization" }
    public var category: String { "batch normalization" }
}

/// y = x / (k + alpha · Σ x²)^beta, the sum over `size` neighbouring channels of the same pixel, x's own in the middle;
/// where the window passes the first or last channel, over those that exist: Krizhevsky, Sutskever and Hinton,
/// "ImageNet classification with deep convolutional neural networks", 2012, section 3.3, whose constants are the
/// defaults. Equal to `tf.nn.local_response_normalization` with `depth_radius = (size - 1) / 2` and `bias = k`. Caffe,
/// PyTorch and oneDNN divide alpha by the size: give them alpha · size.
public struct LocalResponseNormalization: LayerDescription {
    public let size: Int
    public let k: Float
    public let alpha: Float
    public let beta: Float

    public init(size: Int = 5, k: Float = 2, alpha: Float = 1e-4, beta: Float = 0.75) {
        (self.size, self.k, self.alpha, self.beta) = (size, k, alpha, beta)
    }

    public func outputShape(of inputs: [Shape]) throws(LayerError) -> Shape {
        let input = try inputs.single(rank: 3)
        guard size > 0, size % 2 == 1 else {
            throw LayerError(
                "its window of \(size) channels has no middle: the size must be odd, on its input \(input)")
        }
        guard k > 0, alpha >= 0, beta > 0, [k, alpha, beta].allSatisfy(\.isFinite) else {
            throw LayerError("needs k > 0, alpha >= 0 and beta > 0, not k = \(k), alpha = \(alpha), beta = \(beta)")
        }
        return input
    }

    public var typeName: String { "LocalResponseNormalization" }
    public var category: String { "response normalization" }
}
