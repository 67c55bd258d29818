import Basics

/// y = activation(coefficient · Σ window + bias), a coefficient and a bias for each channel: the subsampling layers of
/// LeCun et al., "Gradient-based learning applied to document recognition", 1998. Windows stand side by side.
public struct Subsampling2D: LayerDescription {
    public let window: Window2D
    public let activation: Activation
    public let coefficientInitializer: Initializer

    public init(size: Extent2D = 2, activation: Activation = .linear, coefficientInitializer: Initializer = .ones) {
        window = Window2D(size: size, stride: size, padding: .valid)
        self.activation = activation
        self.coefficientInitializer = coefficientInitializer
    }

    public func outputShape(of inputs: [Shape]) throws(LayerError) -> Shape {
        let input = try inputs.single(rank: 3)
        let output = try window.outputExtent(of: input)
        return [output.height, output.width, input[2]]
    }

    public func parameters(for inputs: [Shape]) -> [ParameterSpecification] {
        [
            ParameterSpecification("coefficient", [inputs[0][2]], coefficientInitializer),
            ParameterSpecification("bias", [inputs[0][2]], .zeros),
        ]
    }

    public func multiplyAdds(for inputs: [Shape]) -> Int { (try? outputShape(of: inputs))?.count ?? 0 }

    public var kerasClass: String { "Subsampling2D" }
    public var isOfKeras: Bool { false }
    public var kerasConfiguration: [String: JSONValue] {
        [
            "pool_size": window.size.keras, "activation": activation.keras,
            "coefficient_initializer": coefficientInitializer.kerasConfiguration,
        ]
    }
}
