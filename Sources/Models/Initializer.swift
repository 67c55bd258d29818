import Basics

/// Where a parameter's first values come from. Each is a pure function of (seed, parameter number, element number).
public enum Initializer: Sendable, Equatable {
    case zeros
    case ones
    case constant(Float)
    /// Uniform in ±sqrt(6 / (fanIn + fanOut)): Glorot and Bengio, 2010. Keras's default.
    case glorotUniform
    /// Truncated normal of variance 2 / fanIn: He et al., 2015, as Keras's `he_normal`.
    case heNormal
    /// Uniform in ±sqrt(6 / fanIn): Keras's `he_uniform`.
    case heUniform
    /// Normal of the given deviation: Keras's `RandomNormal`, whose default is 0.05.
    case normal(deviation: Float)
    /// Uniform in ±limit.
    case uniform(limit: Float)
    /// 1 or -1, as a coin falls.
    case signs
    /// The drawings of the digits that are the codes of `RadialBasis`.
    case digits

    /// Fills `values`, a parameter of `shape`; `index` is the parameter's number in the network.
    public func fill(_ values: UnsafeMutableBufferPointer<Float>, shape: Shape, seed: UInt64, index: Int) {
        let random = CounterRandom(seed: seed, purpose: .initialWeights, stream: UInt64(index))
        let (fanIn, fanOut) = Self.fans(of: shape)
        switch self {
        case .zeros: values.update(repeating: 0)
        case .ones: values.update(repeating: 1)
        case .constant(let value): values.update(repeating: value)
        case .glorotUniform: uniform(values, random, limit: (6 / Float(fanIn + fanOut)).squareRoot())
        case .heUniform: uniform(values, random, limit: (6 / Float(fanIn)).squareRoot())
        case .heNormal:
            // The deviation of a standard normal cut at two is 0.8796...; Keras divides by it.
            let deviation = (2 / Float(fanIn)).squareRoot() / 0.879_625_66
            for i in values.indices { values[i] = random.truncatedNormal(UInt64(i)) * deviation }
        case .normal(let deviation):
            for i in values.indices { values[i] = random.normal(UInt64(i)) * deviation }
        case .uniform(let limit): uniform(values, random, limit: limit)
        case .signs: for i in values.indices { values[i] = random.bits(UInt64(i)) & 1 == 0 ? 1 : -1 }
        case .digits: for (i, value) in zip(values.indices, DigitCodes.values) { values[i] = value }
        }
    }

    private func uniform(_ values: UnsafeMutableBufferPointer<Float>, _ random: CounterRandom, limit: Float) {
        for i in values.indices { values[i] = random.uniform(UInt64(i), in: -limit..<limit) }
    }

    /// Keras's `compute_fans`: the last two axes are in and out, those before them the receptive field.
    static func fans(of shape: Shape) -> (fanIn: Int, fanOut: Int) {
        switch shape.rank {
        case 0: return (1, 1)
        case 1: return (shape[0], shape[0])
        default:
            let field = shape.extents.dropLast(2).reduce(1, *)
            return (shape[shape.rank - 2] * field, shape[shape.rank - 1] * field)
        }
    }
}
