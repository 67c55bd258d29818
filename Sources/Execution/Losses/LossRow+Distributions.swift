import Basics
import Models

#if canImport(Glibc)
import Glibc
#endif

/// Losses of distributions, beside the cross-entropies. Source: keras/src/losses/losses.py; the focal losses are those of Lin
/// et al., "Focal loss for dense object detection", 2017.
extension LossRow {
    /// Σ -α y (1 - p)^γ log p. p are the softmax of logits, or outputs divided by their sum; they are kept 1e-7 away from 0
    /// and 1. Of logits the logarithm is exact, and has a gradient however small p is.
    @inline(__always)
    func focalCrossEntropy(_ x: UnsafePointer<Float>, _ gradient: Gradient, _ target: (Int) -> Float) -> Double {
        let (alpha, gamma) = (loss.settings.alpha ?? 0.25, loss.settings.gamma)
        var largest = -Float.infinity
        if takesLogits { for i in 0..<width where !(x[i] <= largest) { largest = x[i] } }
        var sum: Float = 0
        for i in 0..<width { sum += takesLogits ? expf(x[i] - largest) : x[i] }
        let logarithm = logf(sum)
        var total = 0.0
        // Σ p dL/dp over outputs that are not cut off: what dividing by the sum adds to each gradient.
        var mass: Float = 0
        for i in 0..<width {
            let y = target(i)
            let q = takesLogits ? expf(x[i] - largest) / sum : x[i] / sum
            let p = clip(q)
            let log = takesLogits ? x[i] - largest - logarithm : logf(p)
            let rest = 1 - p
            let factor = powf(rest, gamma)
            total -= Double(alpha * y * factor * log)
            // p dL/dp.
            let slope = takesLogits || p == q ? alpha * y * (gamma * powf(rest, gamma - 1) * p * log - factor) : 0
            mass += slope
            gradient?[i] = slope
        }
        guard let gradient else { return total }
        for i in 0..<width {
            if takesLogits {
                gradient[i] -= expf(x[i] - largest) / sum * mass
            } else {
                gradient[i] = (x[i] == 0 ? 0 : gradient[i] / x[i]) - mass / sum
            }
        }
        return total
    }

    /// -w (1 - p_t)^γ (y log p + (1 - y) log(1 - p)) with p_t = y p + (1 - y)(1 - p), mean over outputs. With an alpha,
    /// w = y α + (1 - y)(1 - α), else 1.
    @inline(__always)
    func binaryFocalCrossEntropy(_ x: UnsafePointer<Float>, _ gradient: Gradient, _ target: (Int) -> Float) -> Double {
        let gamma = loss.settings.gamma
        var sum = 0.0
        for i in 0..<width {
            let y = target(i)
            let q = takesLogits ? 1 / (1 + expf(-x[i])) : x[i]
            let p = clip(q)
            // Softplus of -x and of x: exact logarithms of p and 1 - p.
            let yes = takesLogits ? max(-x[i], 0) + log1pf(expf(-abs(x[i]))) : -logf(p)
            let no = takesLogits ? max(x[i], 0) + log1pf(expf(-abs(x[i]))) : -logf(1 - p)
            let weight = loss.settings.alpha.map { y * $0 + (1 - y) * (1 - $0) } ?? 1
            let entropy = y * yes + (1 - y) * no
            let rest = 1 - (y * p + (1 - y) * (1 - p))
            let factor = powf(rest, gamma)
            sum += Double(weight * factor * entropy)
            // dL/dp (1 - p) p of logits, where dp/dx = p (1 - p).
            let slopeOfFactor = gamma * powf(rest, gamma - 1) * (1 - 2 * y) * entropy
            let slope =
                takesLogits
                ? slopeOfFactor * p * (1 - p) + factor * (p - y)
                : p == q ? slopeOfFactor + factor * ((1 - y) / (1 - p) - y / p) : 0
            gradient?[i] = weight * slope / Float(width)
        }
        return sum / Double(width)
    }

    /// Σ y log(y / x), where y and x are kept between 1e-7 and 1.
    func klDivergence(_ x: UnsafePointer<Float>, _ gradient: Gradient, _ target: (Int) -> Float) -> Double {
        var total = 0.0
        for i in 0..<width {
            let y = min(max(target(i), Self.least), 1)
            // A NaN stays a NaN.
            let p = x[i] < Self.least ? Self.least : x[i] > 1 ? 1 : x[i]
            total += Double(y) * (Double(logf(y)) - Double(logf(p)))
            gradient?[i] = p == x[i] ? -y / p : 0
        }
        return total
    }
}
