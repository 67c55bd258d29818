import Basics

/// Its inputs side by side along the last axis: images of one size join their channels, vectors their features.
public struct Concatenate: LayerDescription {
    public init() {}

    public func outputShape(of inputs: [Shape]) throws(LayerError) -> Shape {
        guard let first = inputs.first, inputs.count >= 2 else {
            throw LayerError("concatenates at least two inputs, not \(inputs.count)")
        }
        guard first.rank == 1 || first.rank == 3 else { throw LayerError("takes vectors or images, not \(first)") }
        let pixels = first.extents.dropLast()
        if let other = inputs.first(where: { $0.extents.dropLast() != pixels }) {
            throw LayerError("cannot concatenate \(first) and \(other): they may differ in the last axis only")
        }
        return Shape(pixels + [inputs.reduce(0) { $0 + $1[$1.rank - 1] }])
    }

    public var kerasClass: String { "Concatenate" }
    public var kerasConfiguration: [String: JSONValue] { ["axis": -1] }
}
