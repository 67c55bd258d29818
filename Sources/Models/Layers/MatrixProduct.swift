import Basics

/// The products of two matrices of each sample, [n, k] and [k, m]: Keras's `ops.matmul`, and `Dot` of sequences. Either may be
/// given with its two axes the other way round. An axis before them, such as the heads of an attention, is the
/// same of both, or 1 of one, whose matrix then serves all of the other.
public struct MatrixProduct: PlainDescription {
    public let transposesFirst: Bool
    public let transposesSecond: Bool

    public init(transposesFirst: Bool = false, transposesSecond: Bool = false) {
        (self.transposesFirst, self.transposesSecond) = (transposesFirst, transposesSecond)
    }

    public func outputShape(of inputs: [Shape]) throws(LayerError) -> Shape {
        guard inputs.count == 2, inputs[0].rank == inputs[1].rank, (2...3).contains(inputs[0].rank),
            Set(inputs.map(Self.matrices)).subtracting([1]).count <= 1
        else {
            throw LayerError(
                "takes two matrices, or two rows of as many, not \(inputs.map(\.description).listed("and"))")
        }
        let (first, second) = (matrix(inputs[0], transposesFirst), matrix(inputs[1], transposesSecond))
        guard first.columns == second.rows else {
            throw LayerError(
                "cannot multiply \(first.rows)x\(first.columns) by \(second.rows)x\(second.columns): the columns of the first "
                    + "matrix are not as many as the rows of the second")
        }
        let matrices = inputs[0].rank == 3 ? [inputs.map(Self.matrices).max() ?? 1] : []
        return Shape(matrices + [first.rows, second.columns])
    }

    /// Of a sample.
    package static func matrices(_ input: Shape) -> Int { input.rank == 3 ? input[0] : 1 }

    /// Rows and columns of the product, and what is summed over.
    package func extents(of inputs: [Shape]) -> (rows: Int, inner: Int, columns: Int) {
        let (first, second) = (matrix(inputs[0], transposesFirst), matrix(inputs[1], transposesSecond))
        return (first.rows, first.columns, second.columns)
    }

    private func matrix(_ shape: Shape, _ isTransposed: Bool) -> (rows: Int, columns: Int) {
        let (rows, columns) = (shape[shape.rank - 2], shape[shape.rank - 1])
        return isTransposed ? (columns, rows) : (rows, columns)
    }

    public func multiplyAdds(for inputs: [Shape]) -> Int {
        let (rows, inner, columns) = extents(of: inputs)
        // The counts of an input and an output fit, so their product does.
        return (inputs.map(Self.matrices).max() ?? 1) * rows * columns * inner
    }

    public var typeName: String { "MatrixProduct" }
    public var category: String { "matrix product" }
}
