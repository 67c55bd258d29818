import Basics

/// A layer of sequences, [steps, channels]: what a layer of images makes of an image of one row. Keras's `Conv1D`,
/// `MaxPooling1D` and their like are such layers.
public struct SequenceLayer: PlainDescription {
    /// The layer of images, whose windows are one row high.
    public let image: Layer
    /// Whether no step of the result sees a later one: zeros stand before the first step, and the window stays inside. Only of
    /// convolutions.
    public let isCausal: Bool

    public init(_ image: Layer, isCausal: Bool = false) { (self.image, self.isCausal) = (image, isCausal) }

    /// The zeros before the first step.
    public var zeros: Margins2D {
        let window: Window2D? =
            switch image {
            case .convolution(let layer): layer.window
            case .plain(let layer as SeparableConvolution2D): layer.depthwise.window
            default: nil
            }
        return Margins2D(top: 0, bottom: 0, left: isCausal ? (window?.reach.width ?? 1) - 1 : 0, right: 0)
    }

    /// The sequence as an image.
    public static func image(of sequence: Shape) -> Shape { Shape([1] + sequence.extents) }

    public func outputShape(of inputs: [Shape]) throws(LayerError) -> Shape {
        guard inputs.count == 1 else { throw LayerError("takes one input, not \(inputs.count)") }
        guard inputs[0].rank == 2 else {
            throw LayerError("takes a sequence of steps x channels, not \(inputs[0]): put a Reshape before it")
        }
        let padded = try ZeroPadding2D(zeros).possibleOutputShape(of: [Self.image(of: inputs[0])])
        let output = try image.description.possibleOutputShape(of: [padded])
        guard output.rank == 1 || output[0] == 1 else {
            throw LayerError("makes \(output[0]) rows of one, which is no sequence")
        }
        return output.rank == 1 ? output : Shape(Array(output.extents.dropFirst()))
    }

    /// Kernels of images have their height in front, which is 1.
    public func parameters(for inputs: [Shape]) -> [ParameterSpecification] {
        image.description.parameters(for: [Self.image(of: inputs[0])]).map { parameter in
            guard parameter.shape.rank == 4 else { return parameter }
            return ParameterSpecification(
                parameter.name, Shape(Array(parameter.shape.extents.dropFirst())), parameter.initializer,
                role: parameter.role)
        }
    }

    public func multiplyAdds(for inputs: [Shape]) -> Int {
        let padded = try? ZeroPadding2D(zeros).outputShape(of: [Self.image(of: inputs[0])])
        return image.description.multiplyAdds(for: [padded ?? Self.image(of: inputs[0])])
    }

    /// Keras's word: `Conv1D` for `Conv2D`.
    public var typeName: String { image.description.typeName.replacing("2D", with: "1D") }
    public var category: String { image.description.category }
    public var activation: Activation { image.description.activation }
}
