import Basics

/// The input gradient of a convolution as a layer: each pixel of the input adds a multiple of the kernel to a window of the
/// output. The window is that of the convolution, from the output of this layer to its input (Zeiler et al., "Deconvolutional
/// networks", 2010; Keras's `Conv2DTranspose`).
public struct TransposedConvolution2D: PlainDescription {
    public let filters: Int
    public let window: Window2D
    /// Pixels added at the bottom and right; nil for as many as Keras adds by itself.
    public let outputPadding: Extent2D?
    public let activation: Activation
    public let usesBias: Bool
    public let kernelInitializer: Initializer

    public init(
        filters: Int, kernel: Extent2D, stride: Extent2D = 1, dilation: Extent2D = 1, padding: Padding = .valid,
        outputPadding: Extent2D? = nil, activation: Activation = .linear, usesBias: Bool = true,
        kernelInitializer: Initializer = .glorotUniform
    ) {
        self.filters = filters
        window = Window2D(size: kernel, stride: stride, dilation: dilation, padding: padding)
        self.outputPadding = outputPadding
        self.activation = activation
        self.usesBias = usesBias
        self.kernelInitializer = kernelInitializer
    }

    public func outputShape(of inputs: [Shape]) throws(LayerError) -> Shape {
        let input = try inputs.single(rank: 3)
        guard window.padding != .ceil else { throw LayerError("its padding must be valid or same") }
        guard [window.size, window.stride, window.dilation].allSatisfy(\.isPossible) else {
            throw LayerError(
                "window \(window.size), stride \(window.stride) and dilation \(window.dilation) must be positive and "
                    + "below 2^31")
        }
        guard window.stride == 1 || window.dilation == 1 else {
            throw LayerError(
                "stride \(window.stride) and dilation \(window.dilation) cannot both be above 1, as in Keras")
        }
        guard (1...Int(Int32.max)).contains(filters) else {
            throw LayerError("its number of filters \(filters) must be positive and below 2^31")
        }
        if let outputPadding, ![outputPadding.height, outputPadding.width].allSatisfy((0...Int(Int32.max)).contains) {
            throw LayerError("its output padding \(outputPadding) must be from 0 to 2^31 - 1")
        }
        let output: Shape = [
            extent(input[0], window.reach.height, window.stride.height, outputPadding?.height),
            extent(input[1], window.reach.width, window.stride.width, outputPadding?.width), filters,
        ]
        guard output.isOfPossibleSize, output.count > 0 else {
            throw LayerError("its output \(output) has no elements, or more than 2^31 - 1")
        }
        // TensorFlow computes only what is the gradient of a convolution.
        let convolved = try window.outputExtent(of: output)
        guard convolved == Extent2D(height: input[0], width: input[1]) else {
            throw LayerError(
                "its output padding \(outputPadding ?? 0) does not fit its \(window.size) window and stride \(window.stride): "
                    + "a convolution of the output \(output) would give \(convolved) pixels, not those of its input \(input)"
            )
        }
        return output
    }

    /// Keras's arithmetic. `k` is the window's reach.
    private func extent(_ n: Int, _ k: Int, _ s: Int, _ added: Int?) -> Int {
        switch (window.padding, added) {
        case (.same, nil): n * s
        case (.same, let added?): (n - 1) * s + k % 2 + added
        case (_, let added): (n - 1) * s + k + (added ?? max(s - k, 0))
        }
    }

    public func parameters(for inputs: [Shape]) -> [ParameterSpecification] {
        let shape: Shape = [window.size.height, window.size.width, filters, inputs[0][2]]
        let kernel = ParameterSpecification("kernel", shape, kernelInitializer)
        return usesBias ? [kernel, ParameterSpecification("bias", [filters], .zeros)] : [kernel]
    }

    public func multiplyAdds(for inputs: [Shape]) -> Int {
        inputs[0].count * window.size.count * filters
            + (usesBias ? (try? outputShape(of: inputs))?.count ?? 0 : 0)
    }

    public var typeName: String { "Conv2DTranspose" }
    public var category: String { "transposed convolution" }
}
