import Models
import NumericCore

#if canImport(Glibc)
import Glibc
#endif

/// Losses and metrics on row-major outputs [rows, width]. Sums over samples: the division by the true batch size comes
/// once, after the reduction. With a gradient, that is in training, a loss that is not finite is an error.
struct LossKernel {
    let loss: Loss
    let targets: TargetKind
    let rows: Int
    let width: Int

    func run(
        _ outputs: UnsafePointer<Float>, _ targets: UnsafeRawPointer, gradient: UnsafeMutablePointer<Float>?,
        _ metrics: UnsafeMutablePointer<ShardMetrics>
    ) throws(NonFiniteLoss) {
        var total = ShardMetrics()
        for row in 0..<rows {
            let x = outputs + row * width
            let g = gradient.map { $0 + row * width }
            switch self.targets {
            case .label:
                let label = Int(targets.assumingMemoryBound(to: Int32.self)[row])
                switch loss {
                case .sparseCategoricalCrossEntropy: total.loss += crossEntropy(x, label, g)
                case .binaryCrossEntropy: total.loss += binaryCrossEntropy(x, g) { target(label, $0) }
                case .meanSquaredError: total.loss += squaredError(x, g) { target(label, $0) }
                }
                count(x, label, &total)
            case .values:
                let values = targets.assumingMemoryBound(to: Float.self) + row * width
                switch loss {
                case .binaryCrossEntropy: total.loss += binaryCrossEntropy(x, g) { values[$0] }
                case .meanSquaredError, .sparseCategoricalCrossEntropy: total.loss += squaredError(x, g) { values[$0] }
                }
            }
        }
        metrics.pointee = total
        if gradient != nil, !total.loss.isFinite { throw NonFiniteLoss(loss: total.loss) }
    }

    /// A label as target values: itself for one output, one-hot for several.
    private func target(_ label: Int, _ output: Int) -> Float {
        width == 1 ? Float(label) : (label == output ? 1 : 0)
    }

    /// -log softmax(x)[label], shifted by the largest logit so that nothing overflows.
    private func crossEntropy(_ x: UnsafePointer<Float>, _ label: Int, _ gradient: UnsafeMutablePointer<Float>?)
        -> Double
    {
        let largest = maximum(x, width)
        var sum: Float = 0
        for i in 0..<width {
            let e = expf(x[i] - largest)
            sum += e
            gradient?[i] = e
        }
        if let gradient {
            let inverse = 1 / sum
            for i in 0..<width { gradient[i] *= inverse }
            gradient[label] -= 1
        }
        return Double(logf(sum)) - Double(x[label] - largest)
    }

    /// max(x, 0) - x y + log(1 + exp(-|x|)), TensorFlow's stable form, as the mean over outputs.
    @inline(__always)
    private func binaryCrossEntropy(
        _ x: UnsafePointer<Float>, _ gradient: UnsafeMutablePointer<Float>?, target: (Int) -> Float
    ) -> Double {
        var sum = 0.0
        for i in 0..<width {
            let y = target(i)
            sum += Double(max(x[i], 0) - x[i] * y + log1pf(expf(-abs(x[i]))))
            gradient?[i] = (1 / (1 + expf(-x[i])) - y) / Float(width)
        }
        return sum / Double(width)
    }

    /// (x - y)², as the mean over outputs.
    @inline(__always)
    private func squaredError(
        _ x: UnsafePointer<Float>, _ gradient: UnsafeMutablePointer<Float>?, target: (Int) -> Float
    ) -> Double {
        var sum = 0.0
        for i in 0..<width {
            let difference = x[i] - target(i)
            sum += Double(difference) * Double(difference)
            gradient?[i] = 2 * difference / Float(width)
        }
        return sum / Double(width)
    }

    /// One output is a yes or no: of a logit above 0 with cross-entropy, of a value above 0.5 with squared error.
    private func count(_ x: UnsafePointer<Float>, _ label: Int, _ total: inout ShardMetrics) {
        if width == 1 {
            let yes = x[0] > (loss == .meanSquaredError ? 0.5 : 0)
            if yes == (label == 1) { total.correct += 1 }
            total.correctInTop5 += 1
            return
        }
        var larger = 0
        var earlierEqual = 0
        for i in 0..<width {
            if x[i] > x[label] { larger += 1 }
            if i < label, x[i] == x[label] { earlierEqual += 1 }
        }
        // Nothing compares with a NaN: such an output is right about nothing.
        guard x[label] == x[label] else { return }
        if larger + earlierEqual == 0 { total.correct += 1 }
        if larger + earlierEqual < 5 { total.correctInTop5 += 1 }
    }
}

@inline(__always)
private func maximum(_ x: UnsafePointer<Float>, _ count: Int) -> Float {
    var largest = x[0]
    for i in 1..<max(count, 1) where x[i] > largest { largest = x[i] }
    return largest
}

/// Row-wise softmax of [rows, width].
func softmaxForward(_ x: UnsafePointer<Float>, _ y: UnsafeMutablePointer<Float>, rows: Int, width: Int) {
    for row in 0..<rows {
        let (x, y) = (x + row * width, y + row * width)
        let largest = maximum(x, width)
        var sum: Float = 0
        for i in 0..<width {
            y[i] = expf(x[i] - largest)
            sum += y[i]
        }
        let inverse = 1 / sum
        for i in 0..<width { y[i] *= inverse }
    }
}

/// dx = y (dy - Σ dy y), row by row.
func softmaxBackward(
    _ dy: UnsafePointer<Float>, output y: UnsafePointer<Float>, into dx: UnsafeMutablePointer<Float>, rows: Int,
    width: Int
) {
    for row in 0..<rows {
        let start = row * width
        var dot: Float = 0
        for i in start..<start + width { dot += dy[i] * y[i] }
        for i in start..<start + width { dx[i] = y[i] * (dy[i] - dot) }
    }
}

func sigmoidForward(_ x: UnsafePointer<Float>, _ y: UnsafeMutablePointer<Float>, count: Int) {
    for i in 0..<count { y[i] = 1 / (1 + expf(-x[i])) }
}

func multiply(
    _ a: UnsafePointer<Float>, _ b: UnsafePointer<Float>, into c: UnsafeMutablePointer<Float>, count: Int
) {
    for i in 0..<count { c[i] = a[i] * b[i] }
}
