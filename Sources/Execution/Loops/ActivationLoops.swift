#if canImport(Glibc)
import Glibc
#endif

/// Softmax along rows, used if the loss does not compute it.
struct SoftmaxLoops: PlainLayer {
    let rows: Int
    let width: Int

    var keepsOutput: Bool { true }

    func forward(
        _ x: UnsafePointer<Float>, _ parameters: [UnsafePointer<Float>], into y: UnsafeMutablePointer<Float>,
        scratch: UnsafeMutablePointer<Float>
    ) {
        softmaxForward(x, y, rows: rows, width: width)
    }

    /// dx = y (dy - Σ dy y), row by row.
    func backward(
        _ dy: UnsafePointer<Float>, kept y: UnsafePointer<Float>, _ parameters: [UnsafePointer<Float>],
        into dx: UnsafeMutablePointer<Float>?, gradients: [UnsafeMutablePointer<Float>?],
        scratch: UnsafeMutablePointer<Float>
    ) {
        guard let dx else { return }
        for row in 0..<rows {
            let start = row * width
            var dot: Float = 0
            for i in start..<start + width { dot += dy[i] * y[i] }
            for i in start..<start + width { dx[i] = y[i] * (dy[i] - dot) }
        }
    }
}

/// y = A tanh(S x).
public enum ScaledTanh {
    public static let (amplitude, slope): (Float, Float) = (1.7159, 2.0 / 3)
}

struct ScaledTanhLoops: PlainLayer {
    let count: Int

    var keepsOutput: Bool { true }

    func forward(
        _ x: UnsafePointer<Float>, _ parameters: [UnsafePointer<Float>], into y: UnsafeMutablePointer<Float>,
        scratch: UnsafeMutablePointer<Float>
    ) {
        for i in 0..<count { y[i] = ScaledTanh.amplitude * tanhf(ScaledTanh.slope * x[i]) }
    }

    /// dx = dy (A² - y²) S / A.
    func backward(
        _ dy: UnsafePointer<Float>, kept y: UnsafePointer<Float>, _ parameters: [UnsafePointer<Float>],
        into dx: UnsafeMutablePointer<Float>?, gradients: [UnsafeMutablePointer<Float>?],
        scratch: UnsafeMutablePointer<Float>
    ) {
        guard let dx else { return }
        let (amplitude, slope) = (ScaledTanh.amplitude, ScaledTanh.slope)
        let (square, factor) = (amplitude * amplitude, slope / amplitude)
        for i in 0..<count { dx[i] = dy[i] * (square - y[i] * y[i]) * factor }
    }
}
