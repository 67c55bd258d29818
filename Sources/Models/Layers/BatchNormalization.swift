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

    public init(momentum: Float = 0.99, epsilon: Float = 1e-3, usesScale: Bool = true, usesCenter: Bool = true) {
        self.momentum = momentum
        self.epsilon = epsilon
        self.usesScale = usesScale
        self.usesCenter = usesCenter
    }

    public func outputShape(of inputs: [Shape]) throws(LayerError) -> Shape {
        let input = try inputs.single()
        guard input.rank == 1 || input.rank == 3 else {
            throw LayerError("takes a vector or an image, not \(input)")
        }
        return input
    }

    public func parameters(for inputs: [Shape]) -> [ParameterSpecification] {
        let shape: Shape = [inputs[0][inputs[0].rank - 1]]
        return (usesScale ? [ParameterSpecification("gamma", shape, .ones)] : [])
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

    public var kerasClass: String { "BatchNormalization" }
    public var kerasConfiguration: [String: JSONValue] {
        [
            "axis": -1, "momentum": .decimal(momentum), "epsilon": .decimal(epsilon),
            "center": .bool(usesCenter), "scale": .bool(usesScale),
            "beta_initializer": Initializer.zeros.kerasConfiguration,
            "gamma_initializer": Initializer.ones.kerasConfiguration,
            "moving_mean_initializer": Initializer.zeros.kerasConfiguration,
            "moving_variance_initializer": Initializer.ones.kerasConfiguration,
            "beta_regularizer": nil, "gamma_regularizer": nil, "beta_constraint": nil, "gamma_constraint": nil,
        ]
    }
}
