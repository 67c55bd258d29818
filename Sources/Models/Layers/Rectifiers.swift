import Basics

/// ReLU with a slope below its threshold, and a bound: y = x where x is above `threshold`, but no more than `most`, and
/// slope · (x - threshold) below. `LeakyReLU` of Keras is one with a slope only.
public struct RectifiedLinear: PlainDescription {
    public let most: Float?
    public let slope: Float
    public let threshold: Float

    public init(most: Float? = nil, slope: Float = 0, threshold: Float = 0) {
        (self.most, self.slope, self.threshold) = (most, slope, threshold)
    }

    public func outputShape(of inputs: [Shape]) throws(LayerError) -> Shape {
        guard [most ?? 0, slope, threshold].allSatisfy({ $0.isFinite && $0 >= 0 }) else {
            throw LayerError("its bound, slope and threshold must be finite and not negative")
        }
        return try inputs.single()
    }

    public var isLeaky: Bool { most == nil && threshold == 0 && slope > 0 }
    public var typeName: String { isLeaky ? "LeakyReLU" : "ReLU" }
    public var category: String { "activation" }
}

/// y = x above zero, alpha · (exp(x) - 1) below: Clevert et al., "Fast and accurate deep network learning by exponential
/// linear units", 2015.
public struct ExponentialLinear: PlainDescription {
    public let alpha: Float

    public init(alpha: Float = 1) { self.alpha = alpha }

    public func outputShape(of inputs: [Shape]) throws(LayerError) -> Shape {
        guard alpha.isFinite else { throw LayerError("its alpha \(alpha) is not a finite number") }
        return try inputs.single()
    }

    public var typeName: String { "ELU" }
    public var category: String { "activation" }
}

/// y = x above zero, alpha · x below, where alpha is learned for each element, or for those of a line along shared axes: He et
/// al., "Delving deep into rectifiers", 2015.
public struct ParametricReLU: PlainDescription {
    /// Axes of a sample, the first one 0, along which elements have one alpha.
    public let sharedAxes: Set<Int>
    public let initializer: Initializer

    public init(sharedAxes: Set<Int> = [], initializer: Initializer = .zeros) {
        (self.sharedAxes, self.initializer) = (sharedAxes, initializer)
    }

    public func outputShape(of inputs: [Shape]) throws(LayerError) -> Shape {
        let input = try inputs.single()
        guard sharedAxes.allSatisfy({ (0..<input.rank).contains($0) }) else {
            throw LayerError("its shared axes must be axes of its input \(input)")
        }
        return input
    }

    public func parameters(for inputs: [Shape]) -> [ParameterSpecification] {
        [ParameterSpecification("alpha", alphas(for: inputs[0]), initializer)]
    }

    /// The shape of the learned slopes: 1 along shared axes.
    public func alphas(for input: Shape) -> Shape {
        Shape(input.extents.enumerated().map { sharedAxes.contains($0.offset) ? 1 : $0.element })
    }

    public var typeName: String { "PReLU" }
    public var category: String { "activation" }
}
