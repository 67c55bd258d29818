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

    private let samples: Int
    /// Of a sample: of either input, 1 if it serves all of the other.
    private let matrices: Int
    private let firstMatrices: Int
    private let secondMatrices: Int
    private let rows: Int
    private let inner: Int
    private let columns: Int
    private let a: Steps
    private let b: Steps
    private let c: Steps

    init(_ product: MatrixProduct, _ inputs: [Shape], samples: Int) {
        (rows, inner, columns) = product.extents(of: inputs)
        self.samples = samples
        (firstMatrices, secondMatrices) = (MatrixProduct.matrices(inputs[0]), MatrixProduct.matrices(inputs[1]))
        matrices = max(firstMatrices, secondMatrices)
        a = product.transposesFirst ? Steps.rowMajor(columns: rows).transposed : .rowMajor(columns: inner)
        b = product.transposesSecond ? Steps.rowMajor(columns: inner).transposed : .rowMajor(columns: columns)
        c = .rowMajor(columns: columns)
    }

    var kept: KeptValues { .inputs }

    func forward(
        _ x: [UnsafePointer<Float>], _ parameters: [UnsafePointer<Float>], into y: UnsafeMutablePointer<Float>,
        scratch: UnsafeMutablePointer<Float>
    ) {
        for product in 0..<samples * matrices {
            let (first, second) = (x[0] + self.first(of: product), x[1] + self.second(of: product))
            multiply(first, a, second, b, into: y + product * rows * columns, c, rows, inner, columns)
        }
    }

    /// Where the matrices of a product are.
    private func first(of product: Int) -> Int { place(product, firstMatrices) * rows * inner }
    private func second(of product: Int) -> Int { place(product, secondMatrices) * inner * columns }

    private func place(_ product: Int, _ own: Int) -> Int { own == matrices ? product : product / matrices }

    /// Whether an input's gradient has a share of another product of its sample already.
    private func isBegun(_ product: Int, _ own: Int) -> Bool { own < matrices && product % matrices > 0 }

    /// dA = dC Bᵀ, dB = Aᵀ dC.
    func backward(
        _ dy: UnsafePointer<Float>, kept x: [UnsafePointer<Float>], _ parameters: [UnsafePointer<Float>],
        into dx: [UnsafeMutablePointer<Float>?], gradients: [UnsafeMutablePointer<Float>?],
        scratch: UnsafeMutablePointer<Float>
    ) {
        for product in 0..<samples * matrices {
            let (firstPlace, secondPlace) = (first(of: product), second(of: product))
            let (first, second) = (x[0] + firstPlace, x[1] + secondPlace)
            let dy = dy + product * rows * columns
            if let da = dx[0] {
                multiply(
                    dy, c, second, b.transposed, into: da + firstPlace, a, rows, columns, inner,
                    adds: isBegun(product, firstMatrices))
            }
            if let db = dx[1] {
                multiply(
                    first, a.transposed, dy, c, into: db + secondPlace, b, inner, rows, columns,
                    adds: isBegun(product, secondMatrices))
            }
        }
    }

    private func multiply(
        _ a: UnsafePointer<Float>, _ aSteps: Steps, _ b: UnsafePointer<Float>, _ bSteps: Steps,
        into c: UnsafeMutablePointer<Float>, _ cSteps: Steps, _ rows: Int, _ inner: Int, _ columns: Int,
        adds: Bool = false
    ) {
        let isContiguous = bSteps.along == 1 && cSteps.along == 1
        for row in 0..<rows {
            let (a, c) = (a + row * aSteps.down, c + row * cSteps.down)
            if !adds { for column in 0..<columns { c[column * cSteps.along] = 0 } }
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
