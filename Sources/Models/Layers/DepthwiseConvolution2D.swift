import Basics

/// A convolution of each channel on its own, with `multiplier` kernels each: output channel c · multiplier + m is channel c under
/// its kernel m.
public struct DepthwiseConvolution2D: PlainDescription {
    public let window: Window2D
    public let multiplier: Int
    public let activation: Activation
    public let usesBias: Bool
    public let kernelInitializer: Initializer

    public init(
        kernel: Extent2D, stride: Extent2D = 1, dilation: Extent2D = 1, padding: Padding = .valid, multiplier: Int = 1,
        activation: Activation = .linear, usesBias: Bool = true, kernelInitializer: Initializer = .glorotUniform
    ) {
        window = Window2D(size: kernel, stride: stride, dilation: dilation, padding: padding)
        (self.multiplier, self.activation, self.usesBias) = (multiplier, activation, usesBias)
        self.kernelInitializer = kernelInitializer
    }

    public func outputShape(of inputs: [Shape]) throws(LayerError) -> Shape {
        let input = try inputs.single(rank: 3)
        let output = try window.outputExtent(of: input)
        guard window.padding != .ceil else { throw LayerError("its padding must be valid or same") }
        guard (1...Int(Int32.max)).contains(multiplier) else {
            throw LayerError("its depth multiplier \(multiplier) must be positive and below 2^31")
        }
        return [output.height, output.width, input[2] * multiplier]
    }

    public func parameters(for inputs: [Shape]) -> [ParameterSpecification] {
        let channels = inputs[0][2]
        let shape: Shape = [window.size.height, window.size.width, channels, multiplier]
        let kernel = ParameterSpecification("kernel", shape, kernelInitializer)
        return usesBias ? [kernel, ParameterSpecification("bias", [channels * multiplier], .zeros)] : [kernel]
    }

    public func multiplyAdds(for inputs: [Shape]) -> Int {
        ((try? outputShape(of: inputs))?.count ?? 0) * (window.size.count + (usesBias ? 1 : 0))
    }

    public var typeName: String { "DepthwiseConv2D" }
    public var category: String { "depthwise convolution" }
}
