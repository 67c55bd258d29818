import Basics

/// Elements of several inputs put together one by one. An axis of extent 1 serves all elements of the others' axis, as in
/// squeeze-and-excitation, where [1, 1, C] multiplies [H, W, C].
public struct Merge: PlainDescription {
    public enum Kind: String, Sendable, Equatable, CaseIterable {
        case multiply = "Multiply"
        case average = "Average"
        /// Of equal elements the first one takes the gradient.
        case maximum = "Maximum"
        case minimum = "Minimum"
        case subtract = "Subtract"
        /// `Add` is the same for inputs of one shape, for which engines have kernels.
        case sum = "Add"
        case divide = "Divide"
    }

    public let kind: Kind

    public init(_ kind: Kind) { self.kind = kind }

    public func outputShape(of inputs: [Shape]) throws(LayerError) -> Shape {
        guard let first = inputs.first, inputs.count >= 2 else {
            throw LayerError("puts at least two inputs together, not \(inputs.count)")
        }
        guard ![.subtract, .divide].contains(kind) || inputs.count == 2 else {
            throw LayerError("takes two inputs, not \(inputs.count)")
        }
        var extents = first.extents
        for input in inputs.dropFirst() {
            guard input.rank == first.rank,
                zip(extents, input.extents).allSatisfy({ $0 == $1 || $0 == 1 || $1 == 1 })
            else { throw LayerError("cannot put \(first) and \(input) together: the shapes differ") }
            extents = zip(extents, input.extents).map { max($0, $1) }
        }
        return Shape(extents)
    }

    public var typeName: String { kind.rawValue }
    public var category: String { "merge" }
}

/// The product of two vectors: Σ a b. With `normalizes` both are divided by their lengths first, which gives the cosine of
/// their angle.
public struct Dot: PlainDescription {
    public let normalizes: Bool

    public init(normalizes: Bool = false) { self.normalizes = normalizes }

    public func outputShape(of inputs: [Shape]) throws(LayerError) -> Shape {
        guard inputs.count == 2, inputs[0].rank == 1, inputs[0] == inputs[1] else {
            let shapes = inputs.map(\.description).joined(separator: " and ")
            throw LayerError("takes two vectors of one length, not \(shapes)")
        }
        return [1]
    }

    public func multiplyAdds(for inputs: [Shape]) -> Int { inputs[0].count }

    public var typeName: String { "Dot" }
    public var category: String { "merge" }
}
