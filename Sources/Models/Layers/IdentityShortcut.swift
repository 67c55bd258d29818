import Basics

/// The shortcut without parameters of He et al., "Deep residual learning for image recognition", 2015, section 3.3,
/// option A: every `stride`-th pixel, from the first, and zeros for the channels that the image lacks. [H, W, C] to
/// [ceil(H / stride), ceil(W / stride), filters].
public struct IdentityShortcut: LayerDescription {
    public let filters: Int
    public let stride: Extent2D

    public init(filters: Int, stride: Extent2D = 2) { (self.filters, self.stride) = (filters, stride) }

    public func outputShape(of inputs: [Shape]) throws(LayerError) -> Shape {
        let input = try inputs.single(rank: 3)
        guard filters >= input[2] else {
            throw LayerError("appends channels, and cannot make \(filters) of those of its input \(input)")
        }
        let pixels = try Window2D(size: 1, stride: stride, padding: .valid).outputExtent(of: input)
        return [pixels.height, pixels.width, filters]
    }

    public var kerasClass: String { "IdentityShortcut" }
    public var isOfKeras: Bool { false }
    public var kerasConfiguration: [String: JSONValue] {
        ["filters": .integer(filters), "strides": stride.keras]
    }
}
