import NumericCore

/// y = gamma · (x - mean) / sqrt(variance + epsilon) + beta over the last axis: Ioffe and Szegedy, 2015, with Keras's
/// defaults. Training uses the statistics of the shard or of the whole batch; evaluation the moving ones.
public struct BatchNormalization: LayerDescription {
    public let momentum: Float
    public let epsilon: Float

    public init(momentum: Float = 0.99, epsilon: Float = 1e-3) {
        self.momentum = momentum
        self.epsilon = epsilon
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
        return [
            ParameterSpecification("gamma", shape, .ones),
            ParameterSpecification("beta", shape, .zeros),
            ParameterSpecification("moving_mean", shape, .zeros, role: .statistic),
            ParameterSpecification("moving_variance", shape, .ones, role: .statistic),
        ]
    }

    public var kerasClass: String { "BatchNormalization" }
    public var kerasConfiguration: [String: JSONValue] {
        [
            "axis": -1, "momentum": .number(Double("\(momentum)") ?? 0.99),
            "epsilon": .number(Double("\(epsilon)") ?? 1e-3),
            "center": true, "scale": true,
            "beta_initializer": Initializer.zeros.kerasConfiguration,
            "gamma_initializer": Initializer.ones.kerasConfiguration,
            "moving_mean_initializer": Initializer.zeros.kerasConfiguration,
            "moving_variance_initializer": Initializer.ones.kerasConfiguration,
            "beta_regularizer": nil, "gamma_regularizer": nil, "beta_constraint": nil, "gamma_constraint": nil,
        ]
    }
}
