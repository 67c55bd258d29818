import Basics

/// A convolution of each channel on its own, then one of 1x1 over all of them, which has the bias and the activation: Chollet,
/// "Xception", 2017. It is one layer with two kernels, as Keras has it.
public struct SeparableConvolution2D: PlainDescription {
    public let filters: Int
    /// Has neither bias nor activation.
    public let depthwise: DepthwiseConvolution2D
    public let activation: Activation
    public let usesBias: Bool
    public let pointwiseInitializer: Initializer

    public init(
        filters: Int, kernel: Extent2D, stride: Extent2D = 1, dilation: Extent2D = 1, padding: Padding = .valid,
        multiplier: Int = 1, activation: Activation = .linear, usesBias: Bool = true,
        depthwiseInitializer: Initializer = .glorotUniform, pointwiseInitializer: Initializer = .glorotUniform
    ) {
        depthwise = DepthwiseConvolution2D(
            kernel: kernel, stride: stride, dilation: dilation, padding: padding, multiplier: multiplier,
            usesBias: false, kernelInitializer: depthwiseInitializer)
        (self.filters, self.activation, self.usesBias) = (filters, activation, usesBias)
        self.pointwiseInitializer = pointwiseInitializer
    }

    /// What mixes the channels.
    public var pointwise: Convolution2D {
        Convolution2D(filters: filters, kernel: 1, usesBias: usesBias, kernelInitializer: pointwiseInitializer)
    }

    public func outputShape(of inputs: [Shape]) throws(LayerError) -> Shape {
        let window = depthwise.window
        let channels = try depthwise.possibleOutputShape(of: inputs)
        guard window.stride == 1 || window.dilation == 1 else {
            throw LayerError(
                "stride \(window.stride) and dilation \(window.dilation) cannot both be above 1, as in Keras")
        }
        return try pointwise.outputShape(of: [channels])
    }

    public func parameters(for inputs: [Shape]) -> [ParameterSpecification] {
        guard let channels = try? depthwise.outputShape(of: inputs) else { return [] }
        let kernels = depthwise.parameters(for: inputs).map {
            ParameterSpecification("depthwise_kernel", $0.shape, $0.initializer)
        }
        return kernels
            + pointwise.parameters(for: [channels]).map {
                $0.isKernel ? ParameterSpecification("pointwise_kernel", $0.shape, $0.initializer) : $0
            }
    }

    public func multiplyAdds(for inputs: [Shape]) -> Int {
        guard let channels = try? depthwise.outputShape(of: inputs) else { return 0 }
        return depthwise.multiplyAdds(for: inputs) + pointwise.multiplyAdds(for: [channels])
    }

    public var typeName: String { "SeparableConv2D" }
    public var category: String { "separable convolution" }
}
