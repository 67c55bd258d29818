import Basics
import Lowering
import Models

#if canImport(Glibc)
import Glibc
#endif

/// The loss of one sample, and, if it is wanted, its gradient by the outputs x. Formulas are Keras's
/// (`keras/src/losses/losses.py`, and the backend's clipping of probabilities).
struct LossRow {
    let loss: Loss
    let width: Int
    /// Whether outputs of a cross-entropy are logits; also true if the loss computes the activation behind them.
    let takesLogits: Bool

    init(_ loss: Loss, width: Int, takesLogits: Bool) {
        self.loss = loss
        self.width = width
        self.takesLogits = takesLogits
    }

    typealias Gradient = UnsafeMutablePointer<Float>?

    /// A single output above this says yes.
    var threshold: Float {
        switch loss.function {
        case .binaryCrossEntropy, .binaryFocalCrossEntropy: takesLogits ? 0 : 0.5
        case let function: function.isOfValues ? 0.5 : 0
        }
    }

    func loss(_ x: UnsafePointer<Float>, label: Int, _ gradient: Gradient) -> Double {
        switch loss.function {
        case .sparseCategoricalCrossEntropy where takesLogits, .categoricalCrossEntropy where takesLogits && isSharp:
            return crossEntropy(x, label, gradient)
        case .maximumAPosteriori: return maximumAPosteriori(x, label, gradient)
        // A label as target values: itself for one output, one-hot for several.
        case _ where width == 1: return loss(x, gradient) { _ in Float(label) }
        default: return loss(x, gradient) { $0 == label ? 1 : 0 }
        }
    }

    func loss(_ x: UnsafePointer<Float>, values: UnsafePointer<Float>, _ gradient: Gradient) -> Double {
        loss(x, gradient) { values[$0] }
    }

    private var isSharp: Bool { loss.labelSmoothing == 0 }

    @inline(__always)
    private func loss(_ x: UnsafePointer<Float>, _ gradient: Gradient, _ target: (Int) -> Float) -> Double {
        let smoothing = loss.labelSmoothing
        switch loss.function {
        case .sparseCategoricalCrossEntropy, .categoricalCrossEntropy:
            let share = smoothing / Float(width)
            let smoothed = { (i: Int) in target(i) * (1 - smoothing) + share }
            return takesLogits
                ? crossEntropy(x, gradient, smoothed) : crossEntropyOfProbabilities(x, gradient, smoothed)
        case .categoricalFocalCrossEntropy:
            let share = smoothing / Float(width)
            return focalCrossEntropy(x, gradient) { target($0) * (1 - smoothing) + share }
        case .binaryFocalCrossEntropy:
            return binaryFocalCrossEntropy(x, gradient) { target($0) * (1 - smoothing) + smoothing / 2 }
        case .binaryCrossEntropy:
            let smoothed = { (i: Int) in target(i) * (1 - smoothing) + smoothing / 2 }
            return takesLogits
                ? binaryCrossEntropy(x, gradient, smoothed) : binaryCrossEntropyOfProbabilities(x, gradient, smoothed)
        case .klDivergence: return klDivergence(x, gradient, target)
        case .poisson: return poisson(x, gradient, target)
        case .meanSquaredError: return squaredError(x, gradient, target)
        case .meanAbsoluteError: return absoluteError(x, gradient, target)
        case .meanAbsolutePercentageError: return percentageError(x, gradient, target)
        case .meanSquaredLogarithmicError: return squaredLogarithmicError(x, gradient, target)
        case .huber: return huber(x, gradient, target)
        case .logCosh: return logCosh(x, gradient, target)
        case .cosineSimilarity: return cosineSimilarity(x, gradient, target)
        case .hinge: return hinge(x, gradient, target)
        case .squaredHinge: return squaredHinge(x, gradient, target)
        case .categoricalHinge: return categoricalHinge(x, gradient, target)
        case .maximumAPosteriori: preconditionFailure("distances have labels")
        }
    }

    // MARK: Cross-entropy of logits

    /// -log softmax(x)[label], shifted by the largest logit so that nothing overflows.
    private func crossEntropy(_ x: UnsafePointer<Float>, _ label: Int, _ gradient: Gradient) -> Double {
        let (largest, sum) = softmax(x, gradient, width: width)
        gradient?[label] -= 1
        return Double(logf(sum)) - Double(x[label] - largest)
    }

    /// -Σ y log softmax(x).
    @inline(__always)
    private func crossEntropy(_ x: UnsafePointer<Float>, _ gradient: Gradient, _ target: (Int) -> Float) -> Double {
        let (largest, sum) = softmax(x, gradient, width: width)
        let logarithm = Double(logf(sum))
        var (total, mass) = (0.0, Float(0))
        for i in 0..<width {
            let y = target(i)
            total += Double(y) * (logarithm - Double(x[i] - largest))
            mass += y
        }
        if let gradient { for i in 0..<width { gradient[i] = gradient[i] * mass - target(i) } }
        return total
    }

    /// max(x, 0) - x y + log(1 + exp(-|x|)), TensorFlow's stable form, as the mean over outputs.
    @inline(__always)
    private func binaryCrossEntropy(
        _ x: UnsafePointer<Float>, _ gradient: Gradient, _ target: (Int) -> Float
    ) -> Double {
        var sum = 0.0
        for i in 0..<width {
            let y = target(i)
            sum += Double(max(x[i], 0) - x[i] * y + log1pf(expf(-abs(x[i]))))
            gradient?[i] = (1 / (1 + expf(-x[i])) - y) / Float(width)
        }
        return sum / Double(width)
    }

    // MARK: Cross-entropy of probabilities

    /// Keras's `epsilon`: probabilities are kept this far from 0 and 1. Those that are cut off pass no gradient.
    static let (least, most): (Float, Float) = (1e-7, 1 - 1e-7)

    @inline(__always)
    func clip(_ p: Float) -> Float { min(max(p, Self.least), Self.most) }

    /// -Σ y log q where q are the outputs divided by their sum.
    @inline(__always)
    private func crossEntropyOfProbabilities(
        _ x: UnsafePointer<Float>, _ gradient: Gradient, _ target: (Int) -> Float
    ) -> Double {
        var sum: Float = 0
        for i in 0..<width { sum += x[i] }
        var total = 0.0
        // Σ y over the outputs that are not cut off: what the division by the sum adds to each gradient.
        var mass: Float = 0
        for i in 0..<width {
            let (y, q) = (target(i), x[i] / sum)
            total -= Double(y) * Double(logf(clip(q)))
            let isInside = q == clip(q)
            if isInside { mass += y }
            gradient?[i] = isInside ? -y / x[i] : 0
        }
        if let gradient { for i in 0..<width { gradient[i] += mass / sum } }
        return total
    }

    @inline(__always)
    private func binaryCrossEntropyOfProbabilities(
        _ x: UnsafePointer<Float>, _ gradient: Gradient, _ target: (Int) -> Float
    ) -> Double {
        var sum = 0.0
        for i in 0..<width {
            let (y, p) = (target(i), clip(x[i]))
            sum -= Double(y * logf(p) + (1 - y) * logf(1 - p))
            gradient?[i] = p == x[i] ? ((1 - y) / (1 - p) - y / p) / Float(width) : 0
        }
        return sum / Double(width)
    }

    // MARK: Hinges and distances

    /// max(0, 1 - y x), as the mean over outputs.
    @inline(__always)
    private func hinge(_ x: UnsafePointer<Float>, _ gradient: Gradient, _ target: (Int) -> Float) -> Double {
        var sum = 0.0
        for i in 0..<width {
            let y = target(i) == 0 ? -1 : target(i)
            let short = 1 - y * x[i]
            // A NaN stays a NaN.
            sum += Double(short < 0 ? 0 : short)
            gradient?[i] = short > 0 ? -y / Float(width) : 0
        }
        return sum / Double(width)
    }

    /// max(0, 1 - y x)², as the mean over outputs.
    @inline(__always)
    private func squaredHinge(_ x: UnsafePointer<Float>, _ gradient: Gradient, _ target: (Int) -> Float) -> Double {
        var sum = 0.0
        for i in 0..<width {
            let y = target(i) == 0 ? -1 : target(i)
            let short = 1 - y * x[i]
            // A NaN stays a NaN.
            sum += short < 0 ? 0 : Double(short) * Double(short)
            gradient?[i] = short > 0 ? -2 * short * y / Float(width) : 0
        }
        return sum / Double(width)
    }

    /// max(0, 1 + max((1 - y) x) - Σ y x).
    @inline(__always)
    private func categoricalHinge(_ x: UnsafePointer<Float>, _ gradient: Gradient, _ target: (Int) -> Float) -> Double {
        var positive: Float = 0
        var (negative, worst) = (-Float.infinity, 0)
        for i in 0..<width {
            let y = target(i)
            positive += y * x[i]
            if (1 - y) * x[i] > negative { (negative, worst) = ((1 - y) * x[i], i) }
        }
        let short = negative - positive + 1
        if let gradient {
            for i in 0..<width { gradient[i] = short > 0 ? -target(i) : 0 }
            if short > 0 { gradient[worst] += 1 - target(worst) }
        }
        return short < 0 ? 0 : Double(short)
    }

    /// The paper's j, for which it gives no value. It is the distance of an output unit whose 84 inputs are all 0 from
    /// its code of ±1. Larger penalties need not be pushed further.
    private static let rubbish: Float = 84

    /// x[label] + log(exp(-j) + Σ exp(-x)), shifted by the smallest penalty so that the sum is at least 1.
    private func maximumAPosteriori(_ x: UnsafePointer<Float>, _ label: Int, _ gradient: Gradient) -> Double {
        var smallest = Self.rubbish
        for i in 0..<width where x[i] < smallest { smallest = x[i] }
        var sum = expf(smallest - Self.rubbish)
        for i in 0..<width {
            let e = expf(smallest - x[i])
            sum += e
            gradient?[i] = e
        }
        if let gradient {
            let inverse = -1 / sum
            for i in 0..<width { gradient[i] *= inverse }
            gradient[label] += 1
        }
        return Double(x[label] - smallest) + Double(logf(sum))
    }
}
