import Models

extension RadialBasis: PlainlyComputed {
    package func loops(for operation: Operation, samples: Int) -> (any PlainLayer)? {
        RadialBasisLoops(operation, samples: samples)
    }
}

/// Squared distances of rows to codes: y = Σ (x - code)².
struct RadialBasisLoops: PlainLayer {
    let rows: Int
    let width: Int
    let units: Int

    init(_ operation: Operation, samples: Int) {
        rows = samples
        width = operation.inputShapes[0].count
        units = operation.outputShape.count
    }

    var kept: KeptValues { .inputs }

    func forward(
        _ x: [UnsafePointer<Float>], _ parameters: [UnsafePointer<Float>], into y: UnsafeMutablePointer<Float>,
        scratch: UnsafeMutablePointer<Float>
    ) {
        let x = x[0]
        for row in 0..<rows {
            for unit in 0..<units {
                let (x, code) = (x + row * width, parameters[0] + unit * width)
                var sum: Float = 0
                for i in 0..<width { sum += (x[i] - code[i]) * (x[i] - code[i]) }
                y[row * units + unit] = sum
            }
        }
    }

    /// dx = 2 Σ dy (x - code) over units; dcode = -2 Σ dy (x - code) over rows.
    func backward(
        _ dy: UnsafePointer<Float>, kept: [UnsafePointer<Float>], _ parameters: [UnsafePointer<Float>],
        into dx: [UnsafeMutablePointer<Float>?], gradients: [UnsafeMutablePointer<Float>?],
        scratch: UnsafeMutablePointer<Float>
    ) {
        guard let dx = dx[0] else { return }
        let x = kept[0]
        for row in 0..<rows {
            let (x, dx) = (x + row * width, dx + row * width)
            dx.update(repeating: 0, count: width)
            for unit in 0..<units {
                let (code, g) = (parameters[0] + unit * width, 2 * dy[row * units + unit])
                for i in 0..<width { dx[i] += g * (x[i] - code[i]) }
            }
        }
    }
}
