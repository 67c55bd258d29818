#if canImport(Glibc)
import Glibc
#endif

@inline(__always)
func maximum(_ x: UnsafePointer<Float>, _ count: Int) -> Float {
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

func sigmoidForward(_ x: UnsafePointer<Float>, _ y: UnsafeMutablePointer<Float>, count: Int) {
    for i in 0..<count { y[i] = 1 / (1 + expf(-x[i])) }
}

func multiply(
    _ a: UnsafePointer<Float>, _ b: UnsafePointer<Float>, into c: UnsafeMutablePointer<Float>, count: Int
) {
    for i in 0..<count { c[i] = a[i] * b[i] }
}
