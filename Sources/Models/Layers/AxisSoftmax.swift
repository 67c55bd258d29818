import Basics

/// Softmax along an axis that is not the last: over the places of a sequence, each channel on its own. Along the last it is an
/// activation.
public struct AxisSoftmax: PlainDescription {
    /// Among the axes of a sample; the first is 0.
    public let axis: Int

    public init(axis: Int) { self.axis = axis }

    public func outputShape(of inputs: [Shape]) throws(LayerError) -> Shape {
        let input = try inputs.single()
        guard input.extents.indices.contains(axis) else {
            throw LayerError("takes axis \(axis), which \(input) has not")
        }
        return input
    }

    public var typeName: String { "Softmax" }
    public var category: String { "activation" }
}
