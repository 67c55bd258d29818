import Basics

/// How a window meets the border of an image.
public enum Padding: String, Sendable, Equatable {
    /// The window stays inside.
    case valid
    /// The window begins inside and may hang over the end, for poolings: ceil((n - k) / stride) + 1 pixels, as Caffe
    /// has it, and PyTorch with `ceil_mode`. For even n, a window of 3 and a stride of 2 it is what `same` is.
    case ceil
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
    /// Whether both are positive and below 2^31, so that products of two do not overflow.
    var isPossible: Bool { [height, width].allSatisfy { (1...Int(Int32.max)).contains($0) } }
    public var description: String { "\(height)x\(width)" }
}

/// A window that moves over an image: its output size and its padding, in TensorFlow's arithmetic.
public struct Window2D: Sendable, Equatable {
    public let size: Extent2D
    public let stride: Extent2D
    /// From a pixel that the window sees to the next one.
    public let dilation: Extent2D
    public let padding: Padding

    public init(size: Extent2D, stride: Extent2D, dilation: Extent2D = 1, padding: Padding) {
        self.size = size
        self.stride = stride
        self.dilation = dilation
        self.padding = padding
    }

    /// From the first to the last pixel that the window sees.
    public var reach: Extent2D {
        Extent2D(height: (size.height - 1) * dilation.height + 1, width: (size.width - 1) * dilation.width + 1)
    }

    public func outputExtent(of input: Shape) throws(LayerError) -> Extent2D {
        guard [size, stride, dilation].allSatisfy(\.isPossible) else {
            throw LayerError(
                "window \(size), stride \(stride) and dilation \(dilation) must be positive and below 2^31")
        }
        guard padding == .same || (reach.height <= input[0] && reach.width <= input[1]) else {
            let dilated = dilation == 1 ? "" : ", \(reach) with its dilation,"
            throw LayerError("its \(size) window\(dilated) is larger than its input \(input)")
        }
        return Extent2D(
            height: places(input[0], reach.height, stride.height), width: places(input[1], reach.width, stride.width))
    }

    /// How often a window of k pixels finds place on n.
    private func places(_ n: Int, _ k: Int, _ s: Int) -> Int {
        switch padding {
        case .valid: (n - k) / s + 1
        case .same: n.dividedRoundingUp(by: s)
        // The window begins at a pixel: one that a large stride has carried past the end does not count.
        case .ceil: min((n - k).dividedRoundingUp(by: s) + 1, (n - 1) / s + 1)
        }
    }

    /// What lies beside the image under the window at its outermost places.
    public func margins(of input: Shape) -> Margins2D {
        let vertical = overhang(input[0], reach.height, stride.height)
        let horizontal = overhang(input[1], reach.width, stride.width)
        return padding == .same
            ? Margins2D(
                top: vertical / 2, bottom: vertical - vertical / 2, left: horizontal / 2,
                right: horizontal - horizontal / 2)
            : Margins2D(top: 0, bottom: vertical, left: 0, right: horizontal)
    }

    private func overhang(_ n: Int, _ k: Int, _ s: Int) -> Int { max((places(n, k, s) - 1) * s + k - n, 0) }
}

/// y = activation(x * kernel + bias), a cross-correlation as in every framework; stride or dilation may be above 1. With several
/// groups, each is a convolution of its own: the first inputs make the first filters, and so on.
public struct Convolution2D: LayerDescription {
    public let filters: Int
    public let groups: Int
    public let window: Window2D
    public let activation: Activation
    public let usesBias: Bool
    public let kernelInitializer: Initializer

    public init(
        filters: Int, groups: Int = 1, kernel: Extent2D, stride: Extent2D = 1, dilation: Extent2D = 1,
        padding: Padding = .valid, activation: Activation = .linear, usesBias: Bool = true,
        kernelInitializer: Initializer = .glorotUniform
    ) {
        self.filters = filters
        self.groups = groups
        window = Window2D(size: kernel, stride: stride, dilation: dilation, padding: padding)
        self.activation = activation
        self.usesBias = usesBias
        self.kernelInitializer = kernelInitializer
    }

    public func outputShape(of inputs: [Shape]) throws(LayerError) -> Shape {
        let input = try inputs.single(rank: 3)
        let output = try window.outputExtent(of: input)
        guard window.padding != .ceil else {
            throw LayerError("its padding must be valid or same: only poolings hang over the end of their input")
        }
        guard window.stride == 1 || window.dilation == 1 else {
            throw LayerError(
                "stride \(window.stride) and dilation \(window.dilation) cannot both be above 1, as in Keras")
        }
        guard filters > 0 else { throw LayerError("needs at least one filter, not \(filters)") }
        guard groups > 0, input[2] % groups == 0, filters % groups == 0 else {
            throw LayerError(
                "cannot divide the \(input[2]) channels of its input and its \(filters) filters into \(groups) groups")
        }
        return [output.height, output.width, filters]
    }

    public func parameters(for inputs: [Shape]) -> [ParameterSpecification] {
        let shape: Shape = [window.size.height, window.size.width, inputs[0][2] / groups, filters]
        let kernel = ParameterSpecification("kernel", shape, kernelInitializer)
        return usesBias ? [kernel, ParameterSpecification("bias", [filters], .zeros)] : [kernel]
    }

    /// A bias counts as one more product, as in the tables of AlexNet's cost.
    public func multiplyAdds(for inputs: [Shape]) -> Int {
        guard let output = try? outputShape(of: inputs) else { return 0 }
        return output.count * (window.size.count * (inputs[0][2] / groups) + (usesBias ? 1 : 0))
    }

    public var typeName: String { "Conv2D" }
    public var category: String { "convolution" }
}
