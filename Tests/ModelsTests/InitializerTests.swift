import Models
import Basics
import Testing

/// The values of a 3x3x32x64 kernel: fan in 288, fan out 576.
private func kernel(_ initializer: Initializer, seed: UInt64 = 1, index: Int = 0) -> [Float] {
    let shape: Shape = [3, 3, 32, 64]
    let buffer = AlignedBuffer<Float>(count: shape.count)
    initializer.fill(buffer.elements, shape: shape, seed: seed, index: index)
    return Array(buffer.elements)
}

private func moments(_ values: [Float]) -> (mean: Double, deviation: Double, limit: Double) {
    let mean = values.reduce(0) { $0 + Double($1) } / Double(values.count)
    let variance = values.reduce(0) { $0 + (Double($1) - mean) * (Double($1) - mean) } / Double(values.count)
    return (mean, variance.squareRoot(), values.reduce(0) { max($0, Double(abs($1))) })
}

@Suite struct InitializerTests {
    /// Variance and largest magnitude as Keras's definitions give them.
    static let expectations: [(Initializer, variance: Double, limit: Double)] = [
        (.glorotUniform, 2 / 864, (6.0 / 864).squareRoot()),
        (.heUniform, 2 / 288, (6.0 / 288).squareRoot()),
        (.heNormal, 2 / 288, 2 * (2.0 / 288).squareRoot() / 0.87962566),
        (.normal(deviation: 0.05), 0.05 * 0.05, 0.05 * 6),
    ]

    @Test(arguments: expectations)
    func statistics(initializer: Initializer, variance: Double, limit: Double) {
        let deviation = variance.squareRoot()
        let measured = moments(kernel(initializer))
        // 18,432 values: the mean is within five standard errors, the deviation within 3 %.
        #expect(abs(measured.mean) < 5 * deviation / 18_432.0.squareRoot())
        #expect(abs(measured.deviation / deviation - 1) < 0.03)
        #expect(measured.limit <= limit * 1.000_001)
        #expect(measured.limit > limit * 0.6)
    }

    /// Vectors along the shorter side are orthonormal, up to the gain.
    @Test(arguments: [[6, 40], [40, 6], [7, 7], [3, 3, 4, 20], [2, 2, 3, 30], [1, 1, 1, 5]])
    func orthogonalMatrices(extents: [Int]) {
        let shape = Shape(extents)
        let buffer = AlignedBuffer<Float>(count: shape.count)
        Initializer.orthogonal(gain: 2).fill(buffer.elements, shape: shape, seed: 3, index: 1)
        let columns = extents[extents.count - 1]
        let rows = shape.count / columns
        let element = { (vector: Int, place: Int) in
            Double(rows < columns ? buffer[vector * columns + place] : buffer[place * columns + vector])
        }
        for a in 0..<min(rows, columns) {
            for b in 0..<min(rows, columns) {
                let product = (0..<max(rows, columns)).reduce(0) { $0 + element(a, $1) * element(b, $1) }
                #expect(abs(product - (a == b ? 4 : 0)) < 1e-5)
            }
        }
    }

    /// Of all orthogonal matrices each is as likely: of those of one sign on the diagonal only, the mean would be 0.3.
    @Test func orthogonalMatricesAreEvenlySpread() {
        let buffer = AlignedBuffer<Float>(count: 49)
        var sum = 0.0
        for seed in 0..<2000 {
            Initializer.orthogonal(gain: 1).fill(buffer.elements, shape: [7, 7], seed: UInt64(seed), index: 0)
            for i in 0..<7 { sum += Double(buffer[8 * i]) }
        }
        #expect(abs(sum / 14_000) < 0.02)
    }

    @Test func constants() {
        #expect(kernel(.zeros).allSatisfy { $0 == 0 })
        #expect(kernel(.ones).allSatisfy { $0 == 1 })
    }

    @Test func valuesDependOnSeedAndParameterOnly() {
        #expect(kernel(.heNormal) == kernel(.heNormal))
        #expect(kernel(.heNormal) != kernel(.heNormal, seed: 2))
        #expect(kernel(.heNormal) != kernel(.heNormal, index: 1))
    }
}
