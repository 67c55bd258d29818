import Basics

/// A matrix of orthonormal vectors: those that Gram and Schmidt make of normal random numbers. They are Q of the factors Q R with a
/// positive diagonal of R, so that every such matrix is as likely as any other (Mezzadri, "How to generate random matrices from the
/// classical compact groups", 2007).
struct OrthogonalMatrix {
    private let rows: Int
    private let columns: Int
    /// One vector after the other, each padded with zeros.
    private let vectors: AlignedBuffer<Double>
    private let stride: Int
    private static let lanes = 8

    /// The last axis of `shape` counts the columns, all others together the rows.
    init(_ shape: Shape, _ random: CounterRandom) {
        columns = shape[shape.rank - 1]
        rows = shape.count / columns
        let (length, count) = (max(rows, columns), min(rows, columns))
        stride = length.rounded(upToMultipleOf: Self.lanes)
        vectors = AlignedBuffer(count: count * stride)
        for vector in 0..<count {
            for element in 0..<length {
                vectors[vector * stride + element] = Double(random.normal(UInt64(element * count + vector)))
            }
        }
        for vector in 0..<count {
            normalize(vector)
            // Each later one loses its part along this one at once: of the two orders the stable one.
            for later in vector + 1..<count { subtract(vector, from: later) }
        }
    }

    /// Columns are the vectors, or rows if there are fewer of them.
    func fill(_ values: UnsafeMutableBufferPointer<Float>, gain: Float) {
        for row in 0..<rows {
            for column in 0..<columns {
                let (vector, element) = rows < columns ? (row, column) : (column, row)
                values[row * columns + column] = gain * Float(vectors[vector * stride + element])
            }
        }
    }

    private func lane(_ vector: Int, _ place: Int) -> UnsafeMutablePointer<SIMD8<Double>> {
        UnsafeMutableRawPointer(vectors.baseAddress + vector * stride + place).assumingMemoryBound(
            to: SIMD8<Double>.self)
    }

    private func product(_ a: Int, _ b: Int) -> Double {
        let (x, y) = (lane(a, 0), lane(b, 0))
        var sum = SIMD8<Double>(repeating: 0)
        for i in 0..<stride / Self.lanes { sum += x[i] * y[i] }
        return sum.sum()
    }

    private func normalize(_ vector: Int) {
        let scale = 1 / product(vector, vector).squareRoot()
        let x = lane(vector, 0)
        for i in 0..<stride / Self.lanes { x[i] *= scale }
    }

    private func subtract(_ unit: Int, from other: Int) {
        let share = product(unit, other)
        let (x, y) = (lane(unit, 0), lane(other, 0))
        for i in 0..<stride / Self.lanes { y[i] -= share * x[i] }
    }
}
