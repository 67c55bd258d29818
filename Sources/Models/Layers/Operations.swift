import Basics

/// What stands between the layers of a network without being one in Keras: functions of elements, sums along axes, parts.

/// A function of each element on its own.
public struct ScalarOperation: PlainDescription {
    public enum Function: String, Sendable, Equatable, CaseIterable {
        case absolute, square, exponential, logarithm, sine, cosine
        case squareRoot = "square_root"
        /// The logarithm of 1 + x, and e to the power of x less 1, exact where x is small.
        case logarithmOfOnePlus = "logarithm_of_one_plus"
        case exponentialLessOne = "exponential_less_one"
        /// -1, 0 or 1; takes no gradient.
        case sign
        /// x to the power of the constant.
        case power
        /// The constant divided by x.
        case quotient
        /// The larger and the smaller of x and the constant, which takes no gradient.
        case atLeast = "at_least"
        case atMost = "at_most"
        /// x between the first constant and the second.
        case clip
        /// x Φ(x) with Φ made of a tanh: Hendrycks and Gimpel, 2016, section 2.
        case approximateGELU = "approximate_gelu"

        var constants: Int {
            switch self {
            case .power, .quotient, .atLeast, .atMost: 1
            case .clip: 2
            default: 0
            }
        }
    }

    public let function: Function
    public let constants: [Float]

    public init(_ function: Function, _ constants: Float...) { self.init(function, constants: constants) }

    public init(_ function: Function, constants: [Float]) { (self.function, self.constants) = (function, constants) }

    public func outputShape(of inputs: [Shape]) throws(LayerError) -> Shape {
        guard constants.count == function.constants, constants.allSatisfy(\.isFinite) else {
            throw LayerError("\(function.rawValue) takes \(function.constants) finite constants, not \(constants)")
        }
        return try inputs.single()
    }

    public var typeName: String { "ScalarOperation" }
    public var category: String { "operation" }
}

/// A sum, mean, extreme or spread of the elements along some axes of a sample. Equal extremes share the gradient, as in TensorFlow.
public struct Reduction: PlainDescription {
    public enum Kind: String, Sendable, Equatable, CaseIterable {
        case sum, mean, max, min
        /// The mean square of what elements are off their mean, and its root.
        case variance
        case deviation = "std"
    }

    public let kind: Kind
    /// The first axis of a sample is 0.
    public let axes: Set<Int>
    /// Whether these axes stay, with one element each.
    public let keepsAxes: Bool

    public init(_ kind: Kind, axes: Set<Int>, keepsAxes: Bool = false) {
        (self.kind, self.axes, self.keepsAxes) = (kind, axes, keepsAxes)
    }

    public func outputShape(of inputs: [Shape]) throws(LayerError) -> Shape {
        let input = try inputs.single()
        guard !axes.isEmpty, axes.allSatisfy({ (0..<input.rank).contains($0) }) else {
            throw LayerError("its axes \(axes.sorted()) are not axes of its input \(input), or none")
        }
        guard keepsAxes || axes.count < input.rank else {
            throw LayerError("one number is left of its input \(input): it must keep an axis")
        }
        return Shape(
            input.extents.enumerated().compactMap { axis, extent in
                axes.contains(axis) ? (keepsAxes ? 1 : nil) : extent
            })
    }

    public var typeName: String { "Reduction" }
    public var category: String { "operation" }
}

/// Some of the elements along each axis: from `start` on, every `step`-th, `count` of them; a negative step goes back.
public struct Slice: PlainDescription {
    public struct Axis: Sendable, Equatable {
        public let start: Int
        public let step: Int
        public let count: Int
        /// Whether the axis, which has one element, is left out.
        public let isDropped: Bool

        public init(start: Int, step: Int = 1, count: Int, isDropped: Bool = false) {
            (self.start, self.step, self.count, self.isDropped) = (start, step, count, isDropped)
        }
    }

    /// One for each axis of a sample.
    public let axes: [Axis]

    public init(_ axes: [Axis]) { self.axes = axes }

    public func outputShape(of inputs: [Shape]) throws(LayerError) -> Shape {
        let input = try inputs.single()
        guard axes.count == input.rank else { throw LayerError("takes \(axes.count) axes, not those of \(input)") }
        for (axis, extent) in zip(axes, input.extents) {
            let (length, overflows) = axis.step.multipliedReportingOverflow(by: max(axis.count, 1) - 1)
            guard axis.count > 0, !overflows, (0..<extent).contains(axis.start),
                (-axis.start..<extent - axis.start).contains(length), axis.count == 1 || !axis.isDropped
            else { throw LayerError("nothing of its input \(input) is where it takes elements, or it is empty") }
        }
        let kept = axes.filter { !$0.isDropped }
        guard !kept.isEmpty else { throw LayerError("one number is left of its input \(input): it must keep an axis") }
        return Shape(kept.map(\.count))
    }

    public var typeName: String { "Slice" }
    public var category: String { "operation" }
}

/// Each element moved along the axes. Those that leave at one end come in at the other.
public struct Roll: PlainDescription {
    /// By how many places, for each axis of a sample: at least 0, and fewer than it has.
    public let shifts: [Int]

    public init(_ shifts: [Int]) { self.shifts = shifts }

    public func outputShape(of inputs: [Shape]) throws(LayerError) -> Shape {
        let input = try inputs.single()
        guard shifts.count == input.rank, zip(shifts, input.extents).allSatisfy({ (0..<$1).contains($0) }) else {
            throw LayerError("its shifts \(shifts) are not places of its input \(input)")
        }
        return input
    }

    public var typeName: String { "Roll" }
    public var category: String { "operation" }
}

/// Its inputs, which have one shape, side by side along a new axis.
public struct Stack: PlainDescription {
    /// The place of the new axis among those of the output; the first is 0.
    public let axis: Int

    public init(axis: Int) { self.axis = axis }

    public func outputShape(of inputs: [Shape]) throws(LayerError) -> Shape {
        guard let first = inputs.first else { throw LayerError("takes at least one input") }
        if let other = inputs.first(where: { $0 != first }) {
            throw LayerError("cannot stack \(first) and \(other): the shapes differ")
        }
        guard first.rank < 3, (0...first.rank).contains(axis) else {
            throw LayerError("takes vectors or rows of them and makes axis \(axis), not of \(first)")
        }
        var extents = first.extents
        extents.insert(inputs.count, at: axis)
        return Shape(extents)
    }

    public var typeName: String { "Stack" }
    public var category: String { "operation" }
}
