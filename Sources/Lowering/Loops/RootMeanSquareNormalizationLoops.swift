import Basics
import Models

extension RootMeanSquareNormalization: PlainlyComputed {
    package func loops(for operation: Operation, samples: Int) -> (any PlainLayer)? {
        let shape = operation.outputShape
        let width = shape[shape.rank - 1]
        return RootMeanSquareNormalizationLoops(
            rows: samples * shape.count / width, width: width, epsilon: Double(epsilon))
    }
}

/// y = scale x / r along rows, with r = sqrt(mean(x²) + epsilon).
struct RootMeanSquareNormalizationLoops: PlainLayer {
    let rows: Int
    let width: Int
    let epsilon: Double

    var kept: KeptValues { .inputs }

    func forward(
        _ x: [UnsafePointer<Float>], _ parameters: [UnsafePointer<Float>], into y: UnsafeMutablePointer<Float>,
        scratch: UnsafeMutablePointer<Float>
    ) {
        let scale = parameters[0]
        for row in 0..<rows {
            let (x, y) = (x[0] + row * width, y + row * width)
            let inverse = inverse(of: x)
            for i in 0..<width { y[i] = x[i] * inverse * scale[i] }
        }
    }

    /// With n = x / r and g = dy scale: dx = (g - n mean(g n)) / r, dscale = Σ dy n.
    func backward(
        _ dy: UnsafePointer<Float>, kept: [UnsafePointer<Float>], _ parameters: [UnsafePointer<Float>],
        into dx: [UnsafeMutablePointer<Float>?], gradients: [UnsafeMutablePointer<Float>?],
        scratch: UnsafeMutablePointer<Float>
    ) {
        let scale = parameters[0]
        gradients[0]?.update(repeating: 0, count: width)
        for row in 0..<rows {
            let (x, dy) = (kept[0] + row * width, dy + row * width)
            let inverse = inverse(of: x)
            var product = 0.0
            for i in 0..<width {
                let normalized = x[i] * inverse
                product += Double(dy[i] * scale[i] * normalized)
                gradients[0]?[i] += dy[i] * normalized
            }
            guard let dx = dx[0].map({ $0 + row * width }) else { continue }
            let mean = Float(product / Double(width))
            for i in 0..<width { dx[i] = (dy[i] * scale[i] - x[i] * inverse * mean) * inverse }
        }
    }

    /// 1 / r.
    private func inverse(of x: UnsafePointer<Float>) -> Float {
        var squares = 0.0
        for i in 0..<width { squares += Double(x[i]) * Double(x[i]) }
        return Float(1 / (squares / Double(width) + epsilon).squareRoot())
    }
}
