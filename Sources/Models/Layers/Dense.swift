import Basics

/// y = activation(x · kernel + bias) on vectors: a sample, or each pixel of an image, or each step of a sequence.
public struct Dense: LayerDescription {
    public let units: Int
    public let activation: Activation
    public let usesBias: Bool
    public let kernelInitializer: Initializer

    public init(
        units: Int, activation: Activation = .linear, usesBias: Bool = true,
        kernelInitializer: Initializer = .glorotUniform
    ) {
        self.units = units
        self.activation = activation
        self.usesBias = usesBias
        self.kernelInitializer = kernelInitializer
    }

    public func outputShape(of inputs: [Shape]) throws(LayerError) -> Shape {
        let input = try inputs.singleOfFeatures()
        guard units > 0 else { throw LayerError("needs at least one unit, not \(units)") }
        return Shape(input.extents.dropLast() + [units])
    }

    public func parameters(for inputs: [Shape]) -> [ParameterSpecification] {
        let kernel = ParameterSpecification("kernel", [inputs[0][inputs[0].rank - 1], units], kernelInitializer)
        return usesBias ? [kernel, ParameterSpecification("bias", [units], .zeros)] : [kernel]
    }

    public func multiplyAdds(for inputs: [Shape]) -> Int { inputs[0].count * units }

    public var typeName: String { "Dense" }
    public var category: String { "dense" }
}

/// [H, W, C] to [H * W * C], in that order.
public struct Flatten: LayerDescription {
    public init() {}

    public func outputShape(of inputs: [Shape]) throws(LayerError) -> Shape { [try inputs.single().count] }

    public var typeName: String { "Flatten" }
    public var category: String { "flatten" }
    public var takesAnyRank: Bool { true }
}
