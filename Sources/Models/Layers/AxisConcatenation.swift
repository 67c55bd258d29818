import Basics

/// Its inputs side by side along an axis that is not the last, along which `Concatenate` joins them: one sequence behind another, or
/// images beside and below each other.
public struct AxisConcatenation: PlainDescription {
    /// Among the axes of a sample; the first is 0.
    public let axis: Int

    public init(axis: Int) { self.axis = axis }

    public func outputShape(of inputs: [Shape]) throws(LayerError) -> Shape {
        guard let first = inputs.first, inputs.count >= 2 else {
            throw LayerError("concatenates at least two inputs, not \(inputs.count)")
        }
        guard first.extents.indices.contains(axis) else {
            throw LayerError("joins axis \(axis), which \(first) has not")
        }
        if let other = inputs.first(where: { !fits($0, first) }) {
            throw LayerError("cannot concatenate \(first) and \(other): they may differ in axis \(axis + 1) only")
        }
        var extents = first.extents
        extents[axis] = inputs.reduce(0) { $0 + $1.extents[axis] }
        return Shape(extents)
    }

    /// Whether two inputs are alike in all other axes.
    private func fits(_ shape: Shape, _ first: Shape) -> Bool {
        guard shape.rank == first.rank else { return false }
        var extents = shape.extents
        extents[axis] = first.extents[axis]
        return extents == first.extents
    }

    public var typeName: String { "Concatenate" }
    public var category: String { "concatenation" }
}
