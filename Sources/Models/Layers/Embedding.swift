import Basics

/// For each number of the input a row of a table that is learned: Keras's `Embedding`. Decimals are cut off, as Keras does. What is
/// not the number of a row becomes a row of NaN, which a run reports.
public struct Embedding: PlainDescription {
    public let rows: Int
    public let width: Int
    public let initializer: Initializer

    public init(rows: Int, width: Int, initializer: Initializer = .uniform(low: -0.05, high: 0.05)) {
        (self.rows, self.width, self.initializer) = (rows, width, initializer)
    }

    public func outputShape(of inputs: [Shape]) throws(LayerError) -> Shape {
        guard rows > 0, width > 0 else { throw LayerError("its table of \(rows) rows of \(width) numbers is empty") }
        let input = try inputs.single()
        guard input.rank < 3 else { throw LayerError("takes vectors or sequences of numbers, not \(input)") }
        return Shape(input.extents + [width])
    }

    public func parameters(for inputs: [Shape]) -> [ParameterSpecification] {
        [ParameterSpecification("embeddings", [rows, width], initializer)]
    }

    public var typeName: String { "Embedding" }
    public var category: String { "embedding" }
}
