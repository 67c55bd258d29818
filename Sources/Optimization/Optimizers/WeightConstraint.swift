import Basics

/// What the weights of a parameter must be after each update: Keras's constraints, in its arithmetic.
public enum WeightConstraint: Sendable, Equatable {
    case notNegative
    /// Lengths along the axes become at most this.
    case maximalNorm(Float, axes: Set<Int>)
    case unitNorm(axes: Set<Int>)
    /// Lengths move into the range, by this part of the way.
    case norm(ClosedRange<Float>, rate: Float, axes: Set<Int>)

    /// What Keras adds to lengths before it divides by them.
    private static let epsilon: Float = 1e-7

    /// Changes the weights of a parameter, row-major, in place. `lengths` has room for as many values as the parameter has.
    public func project(
        _ weights: UnsafeMutablePointer<Float>, _ shape: Shape, lengths: UnsafeMutablePointer<Float>
    ) {
        switch self {
        case .notNegative: for i in 0..<shape.count where weights[i] < 0 { weights[i] = 0 }
        case .maximalNorm(let most, let axes):
            scale(weights, shape, axes, lengths) { min($0, most) }
        case .unitNorm(let axes):
            scale(weights, shape, axes, lengths) { _ in 1 }
        case .norm(let range, let rate, let axes):
            scale(weights, shape, axes, lengths) { length in
                rate * min(max(length, range.lowerBound), range.upperBound) + (1 - rate) * length
            }
        }
    }

    /// Gives each line of weights along the axes another length. Sums run in the order of the weights.
    private func scale(
        _ weights: UnsafeMutablePointer<Float>, _ shape: Shape, _ axes: Set<Int>,
        _ lengths: UnsafeMutablePointer<Float>, _ wanted: (Float) -> Float
    ) {
        lengths.update(repeating: 0, count: shape.count)
        Self.forEachLine(shape, axes) { weight, line in lengths[line] += weights[weight] * weights[weight] }
        for line in 0..<shape.count {
            let length = lengths[line].squareRoot()
            lengths[line] = wanted(length) / (Self.epsilon + length)
        }
        Self.forEachLine(shape, axes) { weight, line in weights[weight] *= lengths[line] }
    }

    /// Each weight with the number of its line: the place of the line's first weight.
    private static func forEachLine(_ shape: Shape, _ axes: Set<Int>, _ body: (_ weight: Int, _ line: Int) -> Void) {
        /// Weights between neighbours along each axis; 0 along a line.
        var (steps, step) = ([Int](repeating: 0, count: shape.rank), 1)
        for axis in shape.extents.indices.reversed() {
            steps[axis] = axes.contains(axis) ? 0 : step
            step *= shape[axis]
        }
        var place = [Int](repeating: 0, count: shape.rank)
        var line = 0
        for weight in 0..<shape.count {
            body(weight, line)
            for axis in shape.extents.indices.reversed() {
                place[axis] += 1
                line += steps[axis]
                if place[axis] < shape[axis] { break }
                line -= steps[axis] * place[axis]
                place[axis] = 0
            }
        }
    }
}
