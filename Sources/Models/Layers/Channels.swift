import Basics

/// Its inputs side by side along the last axis: images of one size and sequences of one length join their channels, vectors
/// their features.
public struct Concatenate: LayerDescription {
    public init() {}

    public func outputShape(of inputs: [Shape]) throws(LayerError) -> Shape {
        guard let first = inputs.first, inputs.count >= 2 else {
            throw LayerError("concatenates at least two inputs, not \(inputs.count)")
        }
        guard (1...3).contains(first.rank) else { throw LayerError("takes vectors, sequences or images, not \(first)") }
        let pixels = first.extents.dropLast()
        if let other = inputs.first(where: { $0.extents.dropLast() != pixels }) {
            throw LayerError("cannot concatenate \(first) and \(other): they may differ in the last axis only")
        }
        return Shape(pixels + [inputs.reduce(0) { $0 + $1[$1.rank - 1] }])
    }

    public var typeName: String { "Concatenate" }
    public var category: String { "concatenation" }
}

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

    public var typeName: String { "IdentityShortcut" }
    public var category: String { "shortcut" }
}
