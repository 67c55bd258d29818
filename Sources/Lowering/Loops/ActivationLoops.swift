import Models

#if canImport(Glibc)
import Glibc
#endif

extension ActivationLayer: PlainlyComputed {
    package func loops(for operation: Operation, samples: Int) -> (any PlainLayer)? {
        let shape = operation.outputShape
        let (count, width) = (samples * shape.count, shape[shape.rank - 1])
        return switch function {
        case .softmax: SoftmaxLoops(rows: count / width, width: width)
        case .logSoftmax: LogSoftmaxLoops(rows: count / width, width: width)
        case .scaledTanh: ScaledTanhLoops(count: count)
        default: function.scalarLoops(count: count)
        }
    }
}

/// Softmax along rows, used if the loss does not compute it.
struct SoftmaxLoops: PlainLayer {
    let rows: Int
    let width: Int

    var kept: KeptValues { .output }

    func forward(
        _ x: [UnsafePointer<Float>], _ parameters: [UnsafePointer<Float>], into y: UnsafeMutablePointer<Float>,
        scratch: UnsafeMutablePointer<Float>
    ) {
        softmaxForward(x[0], y, rows: rows, width: width)
    }

    /// dx = y (dy - Σ dy y), row by row.
    func backward(
        _ dy: UnsafePointer<Float>, kept: [UnsafePointer<Float>], _ parameters: [UnsafePointer<Float>],
        into dx: [UnsafeMutablePointer<Float>?], gradients: [UnsafeMutablePointer<Float>?],
        scratch: UnsafeMutablePointer<Float>
    ) {
        guard let dx = dx[0] else { return }
        let y = kept[0]
        for row in 0..<rows {
            let start = row * width
            var dot: Float = 0
            for i in start..<start + width { dot += dy[i] * y[i] }
            for i in start..<start + width { dx[i] = y[i] * (dy[i] - dot) }
        }
    }
}

/// The logarithm of softmax along rows: y = x - log Σ exp(x).
struct LogSoftmaxLoops: PlainLayer {
    let rows: Int
    let width: Int

    var kept: KeptValues { .output }

    func forward(
        _ x: [UnsafePointer<Float>], _ parameters: [UnsafePointer<Float>], into y: UnsafeMutablePointer<Float>,
        scratch: UnsafeMutablePointer<Float>
    ) {
        for row in 0..<rows {
            let (x, y) = (x[0] + row * width, y + row * width)
            let (largest, sum) = softmax(x, nil, width: width)
            let logarithm = logf(sum)
            for i in 0..<width { y[i] = x[i] - largest - logarithm }
        }
    }

    /// dx = dy - exp(y) Σ dy, row by row.
    func backward(
        _ dy: UnsafePointer<Float>, kept: [UnsafePointer<Float>], _ parameters: [UnsafePointer<Float>],
        into dx: [UnsafeMutablePointer<Float>?], gradients: [UnsafeMutablePointer<Float>?],
        scratch: UnsafeMutablePointer<Float>
    ) {
        guard let dx = dx[0] else { return }
        for row in 0..<rows {
            let (dy, y, dx) = (dy + row * width, kept[0] + row * width, dx + row * width)
            var sum: Float = 0
            for i in 0..<width { sum += dy[i] }
            for i in 0..<width { dx[i] = dy[i] - expf(y[i]) * sum }
        }
    }
}

/// y = A tanh(S x).
public enum ScaledTanh {
    public static let (amplitude, slope): (Float, Float) = (1.7159, 2.0 / 3)
}

struct ScaledTanhLoops: PlainLayer {
    let count: Int

    var kept: KeptValues { .output }

    func forward(
        _ x: [UnsafePointer<Float>], _ parameters: [UnsafePointer<Float>], into y: UnsafeMutablePointer<Float>,
        scratch: UnsafeMutablePointer<Float>
    ) {
        let x = x[0]
        for i in 0..<count { y[i] = ScaledTanh.amplitude * tanhf(ScaledTanh.slope * x[i]) }
    }

    /// dx = dy (A² - y²) S / A.
    func backward(
        _ dy: UnsafePointer<Float>, kept: [UnsafePointer<Float>], _ parameters: [UnsafePointer<Float>],
        into dx: [UnsafeMutablePointer<Float>?], gradients: [UnsafeMutablePointer<Float>?],
        scratch: UnsafeMutablePointer<Float>
    ) {
        guard let dx = dx[0] else { return }
        let y = kept[0]
        let (amplitude, slope) = (ScaledTanh.amplitude, ScaledTanh.slope)
        let (square, factor) = (amplitude * amplitude, slope / amplitude)
        for i in 0..<count { dx[i] = dy[i] * (square - y[i] * y[i]) * factor }
    }
}
