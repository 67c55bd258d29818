import NumericCore

/// How a window meets the border of an image.
public enum Padding: String, Sendable, Equatable {
    /// The window stays inside.
    case valid
    /// Zeros around, so that the output has ceil(n / stride) pixels; the odd pixel of padding goes bottom and right.
    case same
}

/// Height and width of a window, a stride or a dilation.
public struct Extent2D: Sendable, Equatable, ExpressibleByIntegerLiteral, CustomStringConvertible {
    public let height: Int
    public let width: Int

    public init(height: Int, width: Int) {
        self.height = height
        self.width = width
    }

    public init(_ side: Int) { self.init(height: side, width: side) }
    public init(integerLiteral value: Int) { self.init(value) }

    public var count: Int { height * width }
    public var description: String { "\(height)x\(width)" }
    var keras: JSONValue { [.integer(height), .integer(width)] }
}

/// A window that moves over an image: its output size and its padding, in TensorFlow's arithmetic.
public struct Window2D: Sendable, Equatable {
    public let size: Extent2D
    public let stride: Extent2D
    public let padding: Padding

    public init(size: Extent2D, stride: Extent2D, padding: Padding) {
        self.size = size
        self.stride = stride
        self.padding = padding
    }

    public func outputExtent(of input: Shape) throws(LayerError) -> Extent2D {
        guard size.height > 0, size.width > 0, stride.height > 0, stride.width > 0 else {
            throw LayerError("window \(size) and stride \(stride) must be positive")
        }
        guard padding == .same || (size.height <= input[0] && size.width <= input[1]) else {
            throw LayerError("its \(size) window is larger than its input \(input)")
        }
        switch padding {
        case .valid:
            return Extent2D(
                height: (input[0] - size.height) / stride.height + 1, width: (input[1] - size.width) / stride.width + 1)
        case .same:
            return Extent2D(
                height: input[0].dividedRoundingUp(by: stride.height),
                width: input[1].dividedRoundingUp(by: stride.width))
        }
    }

    /// What lies beside the image under the window at its outermost places.
    public func margins(of input: Shape) -> Margins2D {
        let vertical = amount(input[0], size.height, stride.height)
        let horizontal = amount(input[1], size.width, stride.width)
        return Margins2D(
            top: vertical / 2, bottom: vertical - vertical / 2, left: horizontal / 2,
            right: horizontal - horizontal / 2)
    }

    private func amount(_ n: Int, _ k: Int, _ s: Int) -> Int {
        padding == .valid ? 0 : max((n.dividedRoundingUp(by: s) - 1) * s + k - n, 0)
    }
}

/// y = activation(x * kernel + bias), a cross-correlation as in every framework.
public struct Convolution2D: LayerDescription {
    public let filters: Int
    public let window: Window2D
    public let activation: Activation
    public let usesBias: Bool
    public let kernelInitializer: Initializer

    public init(
        filters: Int, kernel: Extent2D, stride: Extent2D = 1, padding: Padding = .valid,
        activation: Activation = .linear, usesBias: Bool = true, kernelInitializer: Initializer = .glorotUniform
    ) {
        self.filters = filters
        window = Window2D(size: kernel, stride: stride, padding: padding)
        self.activation = activation
        self.usesBias = usesBias
        self.kernelInitializer = kernelInitializer
    }

    public func outputShape(of inputs: [Shape]) throws(LayerError) -> Shape {
        let output = try window.outputExtent(of: try inputs.single(rank: 3))
        guard filters > 0 else { throw LayerError("needs at least one filter, not \(filters)") }
        return [output.height, output.width, filters]
    }

    public func parameters(for inputs: [Shape]) -> [ParameterSpecification] {
        let shape: Shape = [window.size.height, window.size.width, inputs[0][2], filters]
        let kernel = ParameterSpecification("kernel", shape, kernelInitializer)
        return usesBias ? [kernel, ParameterSpecification("bias", [filters], .zeros)] : [kernel]
    }

    public func multiplyAdds(for inputs: [Shape]) -> Int {
        guard let output = try? outputShape(of: inputs) else { return 0 }
        return output.count * window.size.count * inputs[0][2]
    }

    public var kerasClass: String { "Conv2D" }
    public var kerasConfiguration: [String: JSONValue] {
        [
            "filters": .integer(filters), "kernel_size": window.size.keras, "strides": window.stride.keras,
            "padding": .string(window.padding.rawValue), "data_format": "channels_last", "dilation_rate": [1, 1],
            "groups": 1, "activation": activation.keras, "use_bias": .bool(usesBias),
            "kernel_initializer": kernelInitializer.kerasConfiguration,
            "bias_initializer": Initializer.zeros.kerasConfiguration,
            "kernel_regularizer": nil, "bias_regularizer": nil, "activity_regularizer": nil,
            "kernel_constraint": nil, "bias_constraint": nil,
        ]
    }
}
