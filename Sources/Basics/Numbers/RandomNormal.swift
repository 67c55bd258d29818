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

    private static func boxMuller(_ a: UInt32, _ b: UInt32) -> Float {
        let u = (Double(a) + 1) * 0x1p-32
        let v = Double(b) * 0x1p-32
        return Float((-2 * log(u)).squareRoot() * cos(2 * .pi * v))
    }
}
