import Basics

/// The maximum or the mean of each window. What lies beside the image counts in neither: not the padding of `same`, as
/// in TensorFlow, nor what a `ceil` window hangs over, as in Caffe and PyTorch.
public struct Pooling2D: LayerDescription {
    public enum Kind: Sendable, Equatable { case max, average }

    public let kind: Kind
    public let window: Window2D

    public init(_ kind: Kind, size: Extent2D = 2, stride: Extent2D? = nil, padding: Padding = .valid) {
        self.kind = kind
        window = Window2D(size: size, stride: stride ?? size, padding: padding)
    }

    public func outputShape(of inputs: [Shape]) throws(LayerError) -> Shape {
        let input = try inputs.single(rank: 3)
        let output = try window.outputExtent(of: input)
        return [output.height, output.width, input[2]]
    }

    public var typeName: String { kind == .max ? "MaxPooling2D" : "AveragePooling2D" }
    public var category: String { "pooling" }
}

/// [H, W, C] to the mean of each channel, [C].
public struct GlobalAveragePooling2D: LayerDescription {
    public init() {}

    public func outputShape(of inputs: [Shape]) throws(LayerError) -> Shape { [try inputs.single(rank: 3)[2]] }

    public var typeName: String { "GlobalAveragePooling2D" }
    public var category: String { "pooling" }
}

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

    public var typeName: String { "Subsampling2D" }
    public var category: String { "pooling" }
}

/// Each pixel repeated: [H, W, C] to [H · factor height, W · factor width, C].
public struct UpSampling2D: LayerDescription {
    public let factor: Extent2D

    public init(_ factor: Extent2D = 2) { self.factor = factor }

    public func outputShape(of inputs: [Shape]) throws(LayerError) -> Shape {
        let input = try inputs.single(rank: 3)
        guard factor.isPossible else {
            throw LayerError("its factor \(factor) must be positive and below 2^31, on its input \(input)")
        }
        return [input[0] * factor.height, input[1] * factor.width, input[2]]
    }

    public var typeName: String { "UpSampling2D" }
    public var category: String { "up-sampling" }
}
