import Basics
import Models

extension MatrixProduct: PlainlyComputed {
    package func loops(for operation: Operation, samples: Int) -> (any PlainLayer)? {
        MatrixProductLoops(self, operation.inputShapes, samples: samples)
    }
}

/// C = A B for each matrix of each sample. Sums are in the order of the axis that goes.
struct MatrixProductLoops: PlainLayer {
    /// From an element to the next one of its column, and of its row.
    private struct Steps {
        let down: Int
        let along: Int

        var transposed: Steps { Steps(down: along, along: down) }

        static func rowMajor(columns: Int) -> Steps { Steps(down: columns, along: 1) }
    }

    private let matrices: Int
    private let rows: Int
    private let inner: Int
    private let columns: Int
    private let a: Steps
    private let b: Steps
    private let c: Steps

    init(_ product: MatrixProduct, _ inputs: [Shape], samples: Int) {
        (rows, inner, columns) = product.extents(of: inputs)
        matrices = samples * inputs[0].extents.dropLast(2).reduce(1, *)
        a = product.transposesFirst ? Steps.rowMajor(columns: rows).transposed : .rowMajor(columns: inner)
        b = product.transposesSecond ? Steps.rowMajor(columns: inner).transposed : .rowMajor(columns: columns)
        c = .rowMajor(columns: columns)
    }

    var kept: KeptValues { .inputs }

    func forward(
        _ x: [UnsafePointer<Float>], _ parameters: [UnsafePointer<Float>], into y: UnsafeMutablePointer<Float>,
        scratch: UnsafeMutablePointer<Float>
    ) {
        for matrix in 0..<matrices {
            let (first, second) = (x[0] + matrix * rows * inner, x[1] + matrix * inner * columns)
            multiply(first, a, second, b, into: y + matrix * rows * columns, c, rows, inner, columns)
        }
    }

    /// dA = dC Bᵀ, dB = Aᵀ dC.
    func backward(
        _ dy: UnsafePointer<Float>, kept x: [UnsafePointer<Float>], _ parameters: [UnsafePointer<Float>],
        into dx: [UnsafeMutablePointer<Float>?], gradients: [UnsafeMutablePointer<Float>?],
        scratch: UnsafeMutablePointer<Float>
    ) {
        for matrix in 0..<matrices {
            let (first, second) = (x[0] + matrix * rows * inner, x[1] + matrix * inner * columns)
            let dy = dy + matrix * rows * columns
            if let da = dx[0] {
                multiply(dy, c, second, b.transposed, into: da + matrix * rows * inner, a, rows, columns, inner)
            }
            if let db = dx[1] {
                multiply(first, a.transposed, dy, c, into: db + matrix * inner * columns, b, inner, rows, columns)
            }
        }
    }

    private func multiply(
        _ a: UnsafePointer<Float>, _ aSteps: Steps, _ b: UnsafePointer<Float>, _ bSteps: Steps,
        into c: UnsafeMutablePointer<Float>, _ cSteps: Steps, _ rows: Int, _ inner: Int, _ columns: Int
    ) {
        let isContiguous = bSteps.along == 1 && cSteps.along == 1
        for row in 0..<rows {
            let (a, c) = (a + row * aSteps.down, c + row * cSteps.down)
            for column in 0..<columns { c[column * cSteps.along] = 0 }
            for place in 0..<inner {
                let (factor, b) = (a[place * aSteps.along], b + place * bSteps.down)
                if isContiguous {
                    for column in 0..<columns { c[column] += factor * b[column] }
                } else {
                    for column in 0..<columns { c[column * cSteps.along] += factor * b[column * bSteps.along] }
                }
            }
        }
    }
}
