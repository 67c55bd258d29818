#if canImport(Glibc)
import Glibc
#endif

extension CounterRandom {
    /// Standard normal, by Box and Muller on the block's first two numbers.
    public func normal(_ index: UInt64) -> Float {
        let b = block(index)
        return Self.boxMuller(b.x, b.y)
    }

    /// Standard normal cut off at two standard deviations, by redrawing, as Keras and TensorFlow define it.
    public func truncatedNormal(_ index: UInt64) -> Float {
        for attempt in UInt64(0)... {
            let value = normal(index &+ attempt << 40)
            if abs(value) <= 2 { return value }
        }
        return 0
    }

    /// Distributed as Beta(alpha, alpha), for alpha of at least 0.01: the share of one of two gamma numbers in their sum.
    public func beta(_ alpha: Float) -> Float {
        let (a, b) = (part(0).logarithmOfGamma(Double(alpha)), part(1).logarithmOfGamma(Double(alpha)))
        return Float(1 / (1 + exp(b - a)))
    }

    /// Marsaglia and Tsang, "A simple method for generating gamma variables", 2000. Small alphas would underflow without the
    /// logarithm.
    private func logarithmOfGamma(_ alpha: Double) -> Double {
        let shape = alpha < 1 ? alpha + 1 : alpha
        let d = shape - 1 / 3.0
        let c = 1 / (9 * d).squareRoot()
        for attempt in UInt64(0)... {
            let x = Double(normal(2 * attempt))
            let v = (1 + c * x) * (1 + c * x) * (1 + c * x)
            guard v > 0, log(unit(2 * attempt + 1)) < 0.5 * x * x + d - d * v + d * log(v) else { continue }
            let boost = alpha < 1 ? log(part(2).unit(0)) / alpha : 0
            return log(d * v) + boost
        }
        return 0
    }

    /// Uniform in (0, 1].
    private func unit(_ index: UInt64) -> Double { (Double(block(index).x) + 1) * 0x1p-32 }

    private static func boxMuller(_ a: UInt32, _ b: UInt32) -> Float {
        let u = (Double(a) + 1) * 0x1p-32
        let v = Double(b) * 0x1p-32
        return Float((-2 * log(u)).squareRoot() * cos(2 * .pi * v))
    }
}
