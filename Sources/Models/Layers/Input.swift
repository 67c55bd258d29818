import Basics

/// Where samples come in.
public struct Input: LayerDescription {
    public let shape: Shape

    public init(shape: Shape) { self.shape = shape }

    public func outputShape(of inputs: [Shape]) throws(LayerError) -> Shape {
        guard shape.extents.allSatisfy({ $0 > 0 }) else { throw LayerError("its shape \(shape) has an empty axis") }
        return shape
    }

    public var typeName: String { "InputLayer" }
    public var category: String { "input" }
}
