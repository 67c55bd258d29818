import Basics
import Models

#if canImport(Glibc)
import Glibc
#endif

/// Losses of regression: how far the outputs x are from values y. Source: keras/src/losses/losses.py.
extension LossRow {
    /// The mean over outputs of what `error` makes of each output and its target: a loss and its derivative.
    @inline(__always)
    private func mean(
        _ x: UnsafePointer<Float>, _ gradient: Gradient, _ target: (Int) -> Float,
        _ error: (_ x: Float, _ y: Float) -> (loss: Double, slope: Float)
    ) -> Double {
        var sum = 0.0
        for i in 0..<width {
            let (loss, slope) = error(x[i], target(i))
            sum += loss
            gradient?[i] = slope / Float(width)
        }
        return sum / Double(width)
    }

    /// (x - y)².
    func squaredError(_ x: UnsafePointer<Float>, _ gradient: Gradient, _ target: (Int) -> Float) -> Double {
        mean(x, gradient, target) { x, y in
            let difference = x - y
            return (Double(difference) * Double(difference), 2 * difference)
        }
    }

    /// |x - y|.
    func absoluteError(_ x: UnsafePointer<Float>, _ gradient: Gradient, _ target: (Int) -> Float) -> Double {
        mean(x, gradient, target) { x, y in (Double(abs(x - y)), sign(x - y)) }
    }

    /// 100 |x - y| / |y|, where |y| counts as at least 1e-7.
    func percentageError(_ x: UnsafePointer<Float>, _ gradient: Gradient, _ target: (Int) -> Float) -> Double {
        mean(x, gradient, target) { x, y in
            let scale = 100 / max(abs(y), Self.least)
            return (Double(abs(x - y) * scale), sign(x - y) * scale)
        }
    }

    /// (log(1 + x) - log(1 + y))², where x and y count as at least 1e-7.
    func squaredLogarithmicError(_ x: UnsafePointer<Float>, _ gradient: Gradient, _ target: (Int) -> Float) -> Double {
        mean(x, gradient, target) { x, y in
            // `max` would hide a NaN.
            let reached = x < Self.least ? Self.least : x
            let difference = log1pf(reached) - log1pf(max(y, Self.least))
            let slope = x < Self.least ? 0 : 2 * difference / (1 + x)
            return (Double(difference) * Double(difference), slope)
        }
    }

    /// (x - y)² / 2 up to a difference of δ, and δ |x - y| - δ² / 2 beyond.
    func huber(_ x: UnsafePointer<Float>, _ gradient: Gradient, _ target: (Int) -> Float) -> Double {
        let delta = loss.settings.delta
        return mean(x, gradient, target) { x, y in
            let difference = x - y
            return abs(difference) <= delta
                ? (Double(difference) * Double(difference) / 2, difference)
                : (Double(delta) * (Double(abs(difference)) - Double(delta) / 2), delta * sign(difference))
        }
    }

    /// log cosh(x - y) = |d| + log(1 + exp(-2 |d|)) - log 2, which does not overflow.
    func logCosh(_ x: UnsafePointer<Float>, _ gradient: Gradient, _ target: (Int) -> Float) -> Double {
        mean(x, gradient, target) { x, y in
            let size = Double(abs(x - y))
            return (size + log1p(exp(-2 * size)) - log(2.0), tanhf(x - y))
        }
    }

    /// x - y log(x + 1e-7).
    func poisson(_ x: UnsafePointer<Float>, _ gradient: Gradient, _ target: (Int) -> Float) -> Double {
        mean(x, gradient, target) { x, y in
            let rate = x + Self.least
            return (Double(x - y * logf(rate)), 1 - y / rate)
        }
    }

    /// -Σ x y / (|x| |y|), where no norm counts as less than 1e-6.
    func cosineSimilarity(_ x: UnsafePointer<Float>, _ gradient: Gradient, _ target: (Int) -> Float) -> Double {
        var (product, xx, yy) = (0.0, 0.0, 0.0)
        for i in 0..<width {
            let (x, y) = (Double(x[i]), Double(target(i)))
            product += x * y
            xx += x * x
            yy += y * y
        }
        let least = 1e-12
        let inverse = 1 / (max(xx, least) * max(yy, least)).squareRoot()
        if let gradient {
            let along = xx > least ? product / xx : 0
            for i in 0..<width { gradient[i] = Float((Double(x[i]) * along - Double(target(i))) * inverse) }
        }
        return -product * inverse
    }

    /// TensorFlow's: the sign of zero is zero.
    @inline(__always)
    private func sign(_ x: Float) -> Float { (x > 0 ? 1 : 0) - (x < 0 ? 1 : 0) }
}
