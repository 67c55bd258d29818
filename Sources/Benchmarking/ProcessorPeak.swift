import Execution
import Basics

/// What the processor gives at most: the engine's own product of two square matrices, which fit the cache.
enum ProcessorPeak {
    private static let size = 1024
    /// The best of so many counts, after one that does not: clocks rise and pages are touched.
    private static let repetitions = 15

    /// Operations a second, two for each multiply-add, by the engine's threads in this process.
    static func measure(_ engine: any Engine) throws -> Double {
        let matrices = (0..<3).map { _ in AlignedBuffer<Float>(count: size * size) }
        for matrix in matrices { matrix.elements.update(repeating: 0.5) }
        var shortest = Double.infinity
        for repetition in 0...repetitions {
            let start = BootClock.now
            try engine.multiply(
                matrices[0].baseAddress, matrices[1].baseAddress, into: matrices[2].baseAddress, size: size)
            if repetition > 0 { shortest = min(shortest, BootClock.seconds(since: start)) }
        }
        return 2 * Double(size * size * size) / shortest
    }
}
