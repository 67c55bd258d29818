import Models

#if canImport(Glibc)
import Glibc
#endif

extension AxisSoftmax: PlainlyComputed {
    package func loops(for operation: Operation, samples: Int) -> (any PlainLayer)? {
        let extents = operation.inputShapes[0].extents
        return AxisSoftmaxLoops(
            blocks: samples * extents[..<axis].reduce(1, *), length: extents[axis],
            width: extents[(axis + 1)...].reduce(1, *))
    }
}

/// Softmax over the rows of each block of `length` rows, each of `width` columns on its own.
struct AxisSoftmaxLoops: PlainLayer {
    let blocks: Int
    let length: Int
    let width: Int

    var kept: KeptValues { .output }
    /// A number for each column.
    var scratchCount: Int { width }

    func forward(
        _ x: [UnsafePointer<Float>], _ parameters: [UnsafePointer<Float>], into y: UnsafeMutablePointer<Float>,
        scratch: UnsafeMutablePointer<Float>
    ) {
        for block in 0..<blocks {
            let (x, y) = (x[0] + block * length * width, y + block * length * width)
            scratch.update(from: x, count: width)
            for row in 1..<max(length, 1) { for c in 0..<width { scratch[c] = max(scratch[c], x[row * width + c]) } }
            for row in 0..<length { for c in 0..<width { y[row * width + c] = expf(x[row * width + c] - scratch[c]) } }
            scratch.update(repeating: 0, count: width)
            for row in 0..<length { for c in 0..<width { scratch[c] += y[row * width + c] } }
            for row in 0..<length { for c in 0..<width { y[row * width + c] /= scratch[c] } }
        }
    }

    /// dx = y (dy - Σ dy y), column by column.
    func backward(
        _ dy: UnsafePointer<Float>, kept: [UnsafePointer<Float>], _ parameters: [UnsafePointer<Float>],
        into dx: [UnsafeMutablePointer<Float>?], gradients: [UnsafeMutablePointer<Float>?],
        scratch: UnsafeMutablePointer<Float>
    ) {
        guard let dx = dx[0] else { return }
        for block in 0..<blocks {
            let first = block * length * width
            let (dy, y, dx) = (dy + first, kept[0] + first, dx + first)
            scratch.update(repeating: 0, count: width)
            for row in 0..<length {
                for c in 0..<width { scratch[c] += dy[row * width + c] * y[row * width + c] }
            }
            for row in 0..<length {
                for c in 0..<width {
                    let place = row * width + c
                    dx[place] = y[place] * (dy[place] - scratch[c])
                }
            }
        }
    }
}
