import Basics

/// y = gamma · (x - mean) / sqrt(variance + epsilon) + beta, with the mean and variance of each sample's features, never of
/// other samples: along the last axis, where each pixel has its own (Ba et al., "Layer normalization", 2016), or of a whole image's
/// channels in groups (Wu and He, "Group normalization", 2018).
public struct FeatureNormalization: PlainDescription {
    public enum Span: Sendable, Equatable {
        case lastAxis
        case groups(Int)
    }

    public let span: Span
    public let epsilon: Float
    public let usesScale: Bool
    public let usesCenter: Bool

    public init(_ span: Span, epsilon: Float = 1e-3, usesScale: Bool = true, usesCenter: Bool = true) {
        (self.span, self.epsilon) = (span, epsilon)
        (self.usesScale, self.usesCenter) = (usesScale, usesCenter)
    }

    public func outputShape(of inputs: [Shape]) throws(LayerError) -> Shape {
        let input = try inputs.single()
        guard epsilon.isFinite, epsilon > 0 else { throw LayerError("its epsilon \(epsilon) must be above 0") }
        if case .groups(let groups) = span {
            guard groups > 0, input[input.rank - 1] % groups == 0 else {
                throw LayerError("cannot make \(groups) groups of the channels of its input \(input)")
            }
        }
        return input
    }

    public func parameters(for inputs: [Shape]) -> [ParameterSpecification] {
        let shape: Shape = [inputs[0][inputs[0].rank - 1]]
        return (usesScale ? [ParameterSpecification("gamma", shape, .ones)] : [])
            + (usesCenter ? [ParameterSpecification("beta", shape, .zeros)] : [])
    }

    /// The places of the parameters among the layer's.
    public var gamma: Int? { usesScale ? 0 : nil }
    public var beta: Int? { usesCenter ? (usesScale ? 1 : 0) : nil }

    public var typeName: String { span == .lastAxis ? "LayerNormalization" : "GroupNormalization" }
    public var category: String { "feature normalization" }
}

/// y = x / |x| along the last axis; lengths below 1e-12 count as that.
public struct UnitNormalization: PlainDescription {
    public init() {}

    public func outputShape(of inputs: [Shape]) throws(LayerError) -> Shape { try inputs.single() }

    public var typeName: String { "UnitNormalization" }
    public var category: String { "feature normalization" }
}

/// y = scale · x / sqrt(mean(x²) + epsilon) along the last axis: Zhang and Sennrich, "Root mean square layer normalization", 2019.
public struct RootMeanSquareNormalization: PlainDescription {
    public let epsilon: Float
    public let initializer: Initializer

    public init(epsilon: Float = 1e-6, initializer: Initializer = .ones) {
        (self.epsilon, self.initializer) = (epsilon, initializer)
    }

    public func outputShape(of inputs: [Shape]) throws(LayerError) -> Shape {
        let input = try inputs.single()
        guard epsilon.isFinite, epsilon > 0 else { throw LayerError("its epsilon \(epsilon) must be above 0") }
        return input
    }

    public func parameters(for inputs: [Shape]) -> [ParameterSpecification] {
        [ParameterSpecification("scale", [inputs[0][inputs[0].rank - 1]], initializer)]
    }

    public var typeName: String { "RMSNormalization" }
    public var category: String { "feature normalization" }
}
