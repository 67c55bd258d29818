import Models

#if canImport(Glibc)
import Glibc
#endif

/// A function of one number, and its derivative.
protocol ScalarFunction: Sendable {
    func value(_ x: Float) -> Float
    func slope(_ x: Float) -> Float
}

/// y = f(x) for each element.
struct ScalarLoops<Function: ScalarFunction>: PlainLayer {
    let function: Function
    let count: Int

    init(_ function: Function, count: Int) { (self.function, self.count) = (function, count) }

    var kept: KeptValues { .inputs }

    func forward(
        _ x: [UnsafePointer<Float>], _ parameters: [UnsafePointer<Float>], into y: UnsafeMutablePointer<Float>,
        scratch: UnsafeMutablePointer<Float>
    ) {
        let x = x[0]
        for i in 0..<count { y[i] = function.value(x[i]) }
    }

    func backward(
        _ dy: UnsafePointer<Float>, kept: [UnsafePointer<Float>], _ parameters: [UnsafePointer<Float>],
        into dx: [UnsafeMutablePointer<Float>?], gradients: [UnsafeMutablePointer<Float>?],
        scratch: UnsafeMutablePointer<Float>
    ) {
        guard let dx = dx[0] else { return }
        let x = kept[0]
        for i in 0..<count { dx[i] = dy[i] * function.slope(x[i]) }
    }
}

extension RectifiedLinear: PlainlyComputed, ScalarFunction {
    package func loops(for operation: Operation, samples: Int) -> (any PlainLayer)? {
        ScalarLoops(self, count: samples * operation.outputShape.count)
    }

    func value(_ x: Float) -> Float {
        guard x > threshold || x.isNaN else { return slope * (x - threshold) }
        if let most, x >= most { return most }
        return x
    }

    func slope(_ x: Float) -> Float {
        guard x > threshold else { return slope }
        if let most, x >= most { return 0 }
        return 1
    }
}

extension ExponentialLinear: PlainlyComputed, ScalarFunction {
    package func loops(for operation: Operation, samples: Int) -> (any PlainLayer)? {
        ScalarLoops(self, count: samples * operation.outputShape.count)
    }

    func value(_ x: Float) -> Float { x > 0 ? x : alpha * expm1f(x) }
    func slope(_ x: Float) -> Float { x > 0 ? 1 : alpha * expf(x) }
}

extension Activation {
    /// The loops of an elementwise function that engines have no kernels for; nil for all others. Source of the functions:
    /// keras/src/activations/activations.py.
    func scalarLoops(count: Int) -> (any PlainLayer)? {
        switch self {
        case .elu, .celu: ScalarLoops(ExponentialLinear(), count: count)
        case .leakyReLU: ScalarLoops(RectifiedLinear(slope: 0.2), count: count)
        case .relu6: ScalarLoops(RectifiedLinear(most: 6), count: count)
        case .selu: ScalarLoops(SELU(), count: count)
        case .gelu: ScalarLoops(GELU(), count: count)
        case .silu: ScalarLoops(SiLU(), count: count)
        case .mish: ScalarLoops(Mish(), count: count)
        case .softplus: ScalarLoops(Softplus(), count: count)
        case .softsign: ScalarLoops(Softsign(), count: count)
        case .exponential: ScalarLoops(Exponential(), count: count)
        case .squareplus: ScalarLoops(Squareplus(), count: count)
        case .hardSigmoid: ScalarLoops(HardSigmoid(), count: count)
        case .keras2HardSigmoid: ScalarLoops(Keras2HardSigmoid(), count: count)
        case .hardSiLU: ScalarLoops(HardSiLU(), count: count)
        case .hardTanh: ScalarLoops(HardTanh(), count: count)
        case .hardShrink: ScalarLoops(HardShrink(), count: count)
        case .softShrink: ScalarLoops(SoftShrink(), count: count)
        case .tanhShrink: ScalarLoops(TanhShrink(), count: count)
        case .logSigmoid: ScalarLoops(LogSigmoid(), count: count)
        case .sparsePlus: ScalarLoops(SparsePlus(), count: count)
        case .sparseSigmoid: ScalarLoops(SparseSigmoid(), count: count)
        case .linear, .relu, .tanh, .sigmoid, .softmax, .logSoftmax, .scaledTanh: nil
        }
    }
}

private func sigmoid(_ x: Float) -> Float { 1 / (1 + expf(-x)) }
/// log(1 + exp(x)), which does not overflow.
private func softplus(_ x: Float) -> Float { (x > 0 ? x : 0) + log1pf(expf(-abs(x))) + (x.isNaN ? x : 0) }

/// Klambauer et al., "Self-normalizing neural networks", 2017.
private struct SELU: ScalarFunction {
    private let scale: Float = 1.050_700_987_355_480_5
    private let alpha: Float = 1.673_263_242_354_377_2

    func value(_ x: Float) -> Float { scale * (x > 0 ? x : alpha * expm1f(x)) }
    func slope(_ x: Float) -> Float { scale * (x > 0 ? 1 : alpha * expf(x)) }
}

/// x Φ(x), with the distribution function Φ of the standard normal distribution: Hendrycks and Gimpel, 2016.
private struct GELU: ScalarFunction {
    private let halfRoot: Float = 0.707_106_781_186_547_5
    private let density: Float = 0.398_942_280_401_432_7

    private func distribution(_ x: Float) -> Float { 0.5 * (1 + erff(x * halfRoot)) }
    func value(_ x: Float) -> Float { x * distribution(x) }
    func slope(_ x: Float) -> Float { distribution(x) + x * density * expf(-0.5 * x * x) }
}

/// x σ(x).
private struct SiLU: ScalarFunction {
    func value(_ x: Float) -> Float { x * sigmoid(x) }
    func slope(_ x: Float) -> Float { sigmoid(x) * (1 + x * (1 - sigmoid(x))) }
}

/// x tanh(softplus(x)).
private struct Mish: ScalarFunction {
    func value(_ x: Float) -> Float { x * tanhf(softplus(x)) }
    func slope(_ x: Float) -> Float {
        let t = tanhf(softplus(x))
        return t + x * sigmoid(x) * (1 - t * t)
    }
}

private struct Softplus: ScalarFunction {
    func value(_ x: Float) -> Float { softplus(x) }
    func slope(_ x: Float) -> Float { sigmoid(x) }
}

private struct Softsign: ScalarFunction {
    func value(_ x: Float) -> Float { x / (1 + abs(x)) }
    func slope(_ x: Float) -> Float { 1 / ((1 + abs(x)) * (1 + abs(x))) }
}

struct Exponential: ScalarFunction {
    func value(_ x: Float) -> Float { expf(x) }
    func slope(_ x: Float) -> Float { expf(x) }
}

/// (x + sqrt(x² + 4)) / 2.
private struct Squareplus: ScalarFunction {
    func value(_ x: Float) -> Float { (x + (x * x + 4).squareRoot()) / 2 }
    func slope(_ x: Float) -> Float { (1 + x / (x * x + 4).squareRoot()) / 2 }
}

/// x / 6 + 1/2, between 0 and 1.
private struct HardSigmoid: ScalarFunction {
    func value(_ x: Float) -> Float { x <= -3 ? 0 : x >= 3 ? 1 : x / 6 + 0.5 }
    func slope(_ x: Float) -> Float { abs(x) < 3 ? 1 / 6 : 0 }
}

/// x / 5 + 1/2, between 0 and 1: tf_keras/src/activations.py.
private struct Keras2HardSigmoid: ScalarFunction {
    func value(_ x: Float) -> Float { x <= -2.5 ? 0 : x >= 2.5 ? 1 : 0.2 * x + 0.5 }
    func slope(_ x: Float) -> Float { abs(x) < 2.5 ? 0.2 : 0 }
}

private struct HardSiLU: ScalarFunction {
    private let gate = HardSigmoid()

    func value(_ x: Float) -> Float { x * gate.value(x) }
    func slope(_ x: Float) -> Float { gate.value(x) + x * gate.slope(x) }
}

private struct HardTanh: ScalarFunction {
    func value(_ x: Float) -> Float { x < -1 ? -1 : x > 1 ? 1 : x }
    func slope(_ x: Float) -> Float { abs(x) < 1 ? 1 : 0 }
}

private struct HardShrink: ScalarFunction {
    func value(_ x: Float) -> Float { abs(x) <= 0.5 ? 0 : x }
    func slope(_ x: Float) -> Float { abs(x) <= 0.5 ? 0 : 1 }
}

private struct SoftShrink: ScalarFunction {
    func value(_ x: Float) -> Float { x > 0.5 ? x - 0.5 : x < -0.5 ? x + 0.5 : x.isNaN ? x : 0 }
    func slope(_ x: Float) -> Float { abs(x) <= 0.5 ? 0 : 1 }
}

private struct TanhShrink: ScalarFunction {
    func value(_ x: Float) -> Float { x - tanhf(x) }
    func slope(_ x: Float) -> Float { tanhf(x) * tanhf(x) }
}

private struct LogSigmoid: ScalarFunction {
    func value(_ x: Float) -> Float { -softplus(-x) }
    func slope(_ x: Float) -> Float { sigmoid(-x) }
}

/// 0 up to -1, x from 1 on, and (x + 1)² / 4 between.
private struct SparsePlus: ScalarFunction {
    func value(_ x: Float) -> Float { x <= -1 ? 0 : x >= 1 ? x : (x + 1) * (x + 1) / 4 }
    func slope(_ x: Float) -> Float { x <= -1 ? 0 : x >= 1 ? 1 : (x + 1) / 2 }
}

private struct SparseSigmoid: ScalarFunction {
    func value(_ x: Float) -> Float { x <= -1 ? 0 : x >= 1 ? 1 : (x + 1) / 2 }
    func slope(_ x: Float) -> Float { abs(x) < 1 ? 0.5 : 0 }
}
