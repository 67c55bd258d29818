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
package func softmaxForward(_ x: UnsafePointer<Float>, _ y: UnsafeMutablePointer<Float>, rows: Int, width: Int) {
    for row in 0..<rows { _ = softmax(x + row * width, y + row * width, width: width) }
}

/// Writes the softmax of a row to `result`, if there is one. Returns the largest x, and the sum of exp(x - largest).
@inline(__always)
package func softmax(
    _ x: UnsafePointer<Float>, _ result: UnsafeMutablePointer<Float>?, width: Int
) -> (largest: Float, sum: Float) {
    let largest = maximum(x, width)
    var sum: Float = 0
    for i in 0..<width {
        let e = expf(x[i] - largest)
        sum += e
        result?[i] = e
    }
    if let result {
        let inverse = 1 / sum
        for i in 0..<width { result[i] *= inverse }
    }
    return (largest, sum)
}

package func sigmoidForward(_ x: UnsafePointer<Float>, _ y: UnsafeMutablePointer<Float>, count: Int) {
    for i in 0..<count { y[i] = 1 / (1 + expf(-x[i])) }
}

package func multiply(
    _ a: UnsafePointer<Float>, _ b: UnsafePointer<Float>, into c: UnsafeMutablePointer<Float>, count: Int
) {
    for i in 0..<count { c[i] = a[i] * b[i] }
}

@inline(__always)
func dot(_ x: UnsafePointer<Float>, _ y: UnsafePointer<Float>, _ count: Int) -> Float {
    var sum: Float = 0
    for i in 0..<count { sum += x[i] * y[i] }
    return sum
}
