import Basics

/// Where a parameter's first values come from. Each is a pure function of (seed, parameter number, element number). The names
/// are Keras's.
public enum Initializer: Sendable, Equatable {
    case constant(Float)
    /// The default deviation of Keras is 0.05.
    case normal(mean: Float = 0, deviation: Float)
    /// Cut at two deviations from the mean, by drawing again. So its own deviation is 0.88 of the one given.
    case truncatedNormal(mean: Float = 0, deviation: Float)
    case uniform(low: Float, high: Float)
    case varianceScaling(VarianceScaling)
    /// `gain` times a matrix of orthonormal columns, or rows if it is wider than high, drawn evenly from all of them: Saxe et al.,
    /// "Exact solutions to the nonlinear dynamics of learning in deep linear neural networks", 2014. The last axis counts the
    /// columns, all others the rows.
    case orthogonal(gain: Float)
    /// `gain` on a matrix's diagonal.
    case identity(gain: Float)
    /// 1 or -1, as a coin falls.
    case signs
    /// The drawings of the digits that are the codes of `RadialBasis`.
    case digits

    public static let zeros = constant(0)
    public static let ones = constant(1)
    /// Glorot and Bengio, 2010. Keras's default.
    public static let glorotUniform = varianceScaling(VarianceScaling(1, .fanAverage, .uniform))
    /// He et al., 2015.
    public static let heNormal = varianceScaling(VarianceScaling(2, .fanIn, .truncatedNormal))
    public static let heUniform = varianceScaling(VarianceScaling(2, .fanIn, .uniform))

    /// Uniform in ±limit.
    public static func uniform(limit: Float) -> Initializer { .uniform(low: -limit, high: limit) }

    /// Fills `values`, a parameter of `shape`; `index` is the parameter's number in the network.
    public func fill(_ values: UnsafeMutableBufferPointer<Float>, shape: Shape, seed: UInt64, index: Int) {
        let random = CounterRandom(seed: seed, purpose: .initialWeights, stream: UInt64(index))
        switch self {
        case .constant(let value): values.update(repeating: value)
        case .normal(let mean, let deviation):
            for i in values.indices { values[i] = mean + random.normal(UInt64(i)) * deviation }
        case .truncatedNormal(let mean, let deviation):
            for i in values.indices { values[i] = mean + random.truncatedNormal(UInt64(i)) * deviation }
        case .uniform(let low, let high):
            for i in values.indices { values[i] = random.uniform(UInt64(i), in: low..<high) }
        case .varianceScaling(let scaling):
            scaling.drawing(for: shape).fill(values, shape: shape, seed: seed, index: index)
        case .orthogonal(let gain): OrthogonalMatrix(shape, random).fill(values, gain: gain)
        case .identity(let gain):
            let columns = shape.extents.last ?? 1
            for i in values.indices { values[i] = i / columns == i % columns ? gain : 0 }
        case .signs: for i in values.indices { values[i] = random.bits(UInt64(i)) & 1 == 0 ? 1 : -1 }
        case .digits: for (i, value) in zip(values.indices, DigitCodes.values) { values[i] = value }
        }
    }

    /// Why it cannot fill a parameter of this shape; nil if it can.
    package func refusal(of shape: Shape) -> String? {
        switch self {
        case .orthogonal where shape.rank < 2: "it fills parameters of at least two axes"
        case .identity where shape.rank != 2: "it fills matrices only"
        case .varianceScaling(let scaling) where !scaling.axesFit(shape):
            "its axes are not among those of the parameter"
        default: nil
        }
    }
}

/// Random values whose variance is `scale` / n, where n counts the inputs of a unit, its outputs, or the mean of both.
public struct VarianceScaling: Sendable, Equatable {
    public enum Mode: String, Sendable, CaseIterable {
        case fanIn = "fan_in"
        case fanOut = "fan_out"
        case fanAverage = "fan_avg"
    }

    public enum Distribution: String, Sendable, CaseIterable {
        case uniform
        case truncatedNormal = "truncated_normal"
        case normal = "untruncated_normal"
    }

    public let scale: Float
    public let mode: Mode
    public let distribution: Distribution
    /// The axes of inputs and of outputs, if they are not the usual ones; an axis below 0 counts from the last.
    public let axes: Axes?

    public struct Axes: Sendable, Equatable {
        public let inputs: [Int]
        public let outputs: [Int]

        public init(inputs: [Int], outputs: [Int]) { (self.inputs, self.outputs) = (inputs, outputs) }
    }

    public init(_ scale: Float, _ mode: Mode, _ distribution: Distribution, axes: Axes? = nil) {
        (self.scale, self.mode, self.distribution, self.axes) = (scale, mode, distribution, axes)
    }

    /// The deviation of a standard normal that is cut at two.
    private static let cutDeviation: Float = 0.879_625_66

    /// What it is for a parameter of this shape.
    fileprivate func drawing(for shape: Shape) -> Initializer {
        let (fanIn, fanOut) = fans(of: shape)
        let fan: Float =
            switch mode {
            case .fanIn: fanIn
            case .fanOut: fanOut
            case .fanAverage: (fanIn + fanOut) / 2
            }
        switch distribution {
        case .uniform: return .uniform(limit: (3 * scale / max(1, fan)).squareRoot())
        case .truncatedNormal:
            return .truncatedNormal(deviation: (scale / max(1, fan)).squareRoot() / Self.cutDeviation)
        case .normal: return .normal(deviation: (scale / max(1, fan)).squareRoot())
        }
    }

    /// Keras's `compute_fans`: the last two axes are in and out, those before them the receptive field.
    private func fans(of shape: Shape) -> (in: Float, out: Float) {
        if let axes {
            let count = { (axes: [Int]) in axes.reduce(Float(1)) { $0 * Float(shape[$1 < 0 ? $1 + shape.rank : $1]) } }
            return (count(axes.inputs), count(axes.outputs))
        }
        switch shape.rank {
        case 0: return (1, 1)
        case 1: return (Float(shape[0]), Float(shape[0]))
        default:
            let field = shape.extents.dropLast(2).reduce(1, *)
            return (Float(shape[shape.rank - 2] * field), Float(shape[shape.rank - 1] * field))
        }
    }

    fileprivate func axesFit(_ shape: Shape) -> Bool {
        guard let axes else { return true }
        return (axes.inputs + axes.outputs).allSatisfy { (-shape.rank..<shape.rank).contains($0) }
    }
}
