import Basics
import Models

extension FeatureNormalization: PlainlyComputed {
    package func loops(for operation: Operation, samples: Int) -> (any PlainLayer)? {
        FeatureNormalizationLoops(self, operation, samples: samples)
    }
}

/// y = gamma (x - mean) / sqrt(variance + epsilon) + beta. A normalised set of elements is `rows` runs of `width`
/// neighbours, `channels` apart: a pixel's channels, or those of a group in all pixels of a sample.
struct FeatureNormalizationLoops: PlainLayer {
    private let layer: FeatureNormalization
    private let channels: Int
    private let width: Int
    private let rows: Int
    /// Sets that lie side by side among the channels, and how often they follow each other.
    private let groups: Int
    private let blocks: Int

    init(_ layer: FeatureNormalization, _ operation: Operation, samples: Int) {
        let shape = operation.outputShape
        self.layer = layer
        channels = shape[shape.rank - 1]
        let pixels = shape.count / channels
        switch layer.span {
        case .lastAxis: (groups, rows, blocks) = (1, 1, samples * pixels)
        case .groups(let count): (groups, rows, blocks) = (count, pixels, samples)
        }
        width = channels / groups
    }

    var kept: KeptValues { .inputs }

    private var count: Int { rows * width }

    func forward(
        _ x: [UnsafePointer<Float>], _ parameters: [UnsafePointer<Float>], into y: UnsafeMutablePointer<Float>,
        scratch: UnsafeMutablePointer<Float>
    ) {
        let (gamma, beta) = (layer.gamma.map { parameters[$0] }, layer.beta.map { parameters[$0] })
        forEachSet { start, channel in
            let (x, y) = (x[0] + start, y + start)
            let (mean, inverse) = statistics(of: x)
            forEachElement { place, offset in
                let c = channel + offset
                y[place] = (x[place] - mean) * inverse * (gamma?[c] ?? 1) + (beta?[c] ?? 0)
            }
        }
    }

    /// With n = (x - mean) / deviation and g = dy gamma: dx = (g - mean(g) - n mean(g n)) / deviation, dgamma = Σ dy n,
    /// dbeta = Σ dy.
    func backward(
        _ dy: UnsafePointer<Float>, kept: [UnsafePointer<Float>], _ parameters: [UnsafePointer<Float>],
        into dx: [UnsafeMutablePointer<Float>?], gradients: [UnsafeMutablePointer<Float>?],
        scratch: UnsafeMutablePointer<Float>
    ) {
        let gamma = layer.gamma.map { parameters[$0] }
        let (dgamma, dbeta) = (layer.gamma.flatMap { gradients[$0] }, layer.beta.flatMap { gradients[$0] })
        dgamma?.update(repeating: 0, count: channels)
        dbeta?.update(repeating: 0, count: channels)
        forEachSet { start, channel in
            let (x, dy) = (kept[0] + start, dy + start)
            let (mean, inverse) = statistics(of: x)
            var (sum, product) = (0.0, 0.0)
            forEachElement { place, offset in
                let c = channel + offset
                let normalized = (x[place] - mean) * inverse
                let gradient = dy[place] * (gamma?[c] ?? 1)
                sum += Double(gradient)
                product += Double(gradient * normalized)
                dgamma?[c] += dy[place] * normalized
                dbeta?[c] += dy[place]
            }
            guard let dx = dx[0].map({ $0 + start }) else { return }
            let (meanGradient, meanProduct) = (Float(sum / Double(count)), Float(product / Double(count)))
            forEachElement { place, offset in
                let normalized = (x[place] - mean) * inverse
                let gradient = dy[place] * (gamma?[channel + offset] ?? 1)
                dx[place] = (gradient - meanGradient - normalized * meanProduct) * inverse
            }
        }
    }

    private func statistics(of x: UnsafePointer<Float>) -> (mean: Float, inverse: Float) {
        var sum = 0.0
        forEachElement { place, _ in sum += Double(x[place]) }
        let mean = sum / Double(count)
        var squares = 0.0
        forEachElement { place, _ in
            let difference = Double(x[place]) - mean
            squares += difference * difference
        }
        return (Float(mean), Float(1 / (squares / Double(count) + Double(layer.epsilon)).squareRoot()))
    }

    /// Each set: its first element, and that one's channel.
    @inline(__always)
    private func forEachSet(_ body: (_ start: Int, _ channel: Int) -> Void) {
        for block in 0..<blocks {
            for group in 0..<groups { body(block * rows * channels + group * width, group * width) }
        }
    }

    @inline(__always)
    private func forEachElement(_ body: (_ place: Int, _ offset: Int) -> Void) {
        for row in 0..<rows {
            for offset in 0..<width { body(row * channels + offset, offset) }
        }
    }
}

extension UnitNormalization: PlainlyComputed {
    package func loops(for operation: Operation, samples: Int) -> (any PlainLayer)? {
        let shape = operation.outputShape
        let width = shape[shape.rank - 1]
        return UnitNormalizationLoops(rows: samples * shape.count / width, width: width)
    }
}

/// y = x / |x| along rows.
struct UnitNormalizationLoops: PlainLayer {
    let rows: Int
    let width: Int

    var kept: KeptValues { .inputs }

    func forward(
        _ x: [UnsafePointer<Float>], _ parameters: [UnsafePointer<Float>], into y: UnsafeMutablePointer<Float>,
        scratch: UnsafeMutablePointer<Float>
    ) {
        for row in 0..<rows {
            let (x, y) = (x[0] + row * width, y + row * width)
            let length = UnitLength.of(x, width, atLeast: UnitLength.ofLayer)
            for i in 0..<width { y[i] = x[i] / length }
        }
    }

    /// dx = (dy - y Σ dy y) / |x|.
    func backward(
        _ dy: UnsafePointer<Float>, kept: [UnsafePointer<Float>], _ parameters: [UnsafePointer<Float>],
        into dx: [UnsafeMutablePointer<Float>?], gradients: [UnsafeMutablePointer<Float>?],
        scratch: UnsafeMutablePointer<Float>
    ) {
        guard let gradient = dx[0] else { return }
        for row in 0..<rows {
            let (x, dy, dx) = (kept[0] + row * width, dy + row * width, gradient + row * width)
            let length = UnitLength.of(x, width, atLeast: UnitLength.ofLayer)
            let along = dot(dy, x, width) / (length * length)
            for i in 0..<width { dx[i] = (dy[i] - x[i] * along) / length }
        }
    }
}
