import Basics

/// Where samples come in; of a model inside the model, what its call is given.
public struct Input: LayerDescription {
    public let shape: Shape

    public init(shape: Shape) { self.shape = shape }

    public func outputShape(of inputs: [Shape]) throws(LayerError) -> Shape {
        if let given = inputs.first { return given }
        guard shape.extents.allSatisfy({ $0 > 0 }) else { throw LayerError("its shape \(shape) has an empty axis") }
        return shape
    }

    public var typeName: String { "InputLayer" }
    public var category: String { "input" }
}
