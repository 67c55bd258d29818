import Models
import Basics

extension Rescaling: PlainlyComputed {
    package func loops(for operation: Operation, samples: Int) -> (any PlainLayer)? {
        RescalingLoops(self, operation, samples: samples)
    }
}

extension Standardization: PlainlyComputed {
    package func loops(for operation: Operation, samples: Int) -> (any PlainLayer)? {
        StandardizationLoops(self, operation, samples: samples)
    }
}

/// y = scale · x + offset by channel.
struct RescalingLoops: PlainLayer {
    let count: Int
    /// One for each channel.
    let scale: [Float]
    let offset: [Float]

    init(_ layer: Rescaling, _ operation: Operation, samples: Int) {
        let shape = operation.outputShape
        count = samples * shape.count
        (scale, offset) = (layer.scale.each(of: shape), layer.offset.each(of: shape))
    }

    var kept: KeptValues { .nothing }

    func forward(
        _ x: [UnsafePointer<Float>], _ parameters: [UnsafePointer<Float>], into y: UnsafeMutablePointer<Float>,
        scratch: UnsafeMutablePointer<Float>
    ) {
        let x = x[0]
        scale.withUnsafeBufferPointer { scale in
            offset.withUnsafeBufferPointer { offset in
                for first in stride(from: 0, to: count, by: scale.count) {
                    for c in 0..<scale.count { y[first + c] = x[first + c] * scale[c] + offset[c] }
                }
            }
        }
    }

    func backward(
        _ dy: UnsafePointer<Float>, kept: [UnsafePointer<Float>], _ parameters: [UnsafePointer<Float>],
        into dx: [UnsafeMutablePointer<Float>?], gradients: [UnsafeMutablePointer<Float>?],
        scratch: UnsafeMutablePointer<Float>
    ) {
        guard let dx = dx[0] else { return }
        scale.withUnsafeBufferPointer { scale in
            for first in stride(from: 0, to: count, by: scale.count) {
                for c in 0..<scale.count { dx[first + c] = dy[first + c] * scale[c] }
            }
        }
    }
}

/// y = (x - mean) / deviation by channel. The parameters, if there are any, are means, variances, and a count that nothing
/// depends on.
struct StandardizationLoops: PlainLayer {
    let count: Int
    let channels: Int
    /// One for each channel; empty where they are parameters.
    let mean: [Float]
    let variance: [Float]

    init(_ layer: Standardization, _ operation: Operation, samples: Int) {
        let shape = operation.outputShape
        count = samples * shape.count
        channels = shape[shape.rank - 1]
        mean = layer.given?.mean.each(of: shape) ?? []
        variance = layer.given?.variance.each(of: shape) ?? []
    }

    var kept: KeptValues { .nothing }
    /// The deviations.
    var scratchCount: Int { channels }

    func forward(
        _ x: [UnsafePointer<Float>], _ parameters: [UnsafePointer<Float>], into y: UnsafeMutablePointer<Float>,
        scratch: UnsafeMutablePointer<Float>
    ) {
        let x = x[0]
        withStatistics(parameters, scratch) { mean, deviation in
            for first in stride(from: 0, to: count, by: channels) {
                for c in 0..<channels { y[first + c] = (x[first + c] - mean[c]) / deviation[c] }
            }
        }
    }

    func backward(
        _ dy: UnsafePointer<Float>, kept: [UnsafePointer<Float>], _ parameters: [UnsafePointer<Float>],
        into dx: [UnsafeMutablePointer<Float>?], gradients: [UnsafeMutablePointer<Float>?],
        scratch: UnsafeMutablePointer<Float>
    ) {
        guard let dx = dx[0] else { return }
        withStatistics(parameters, scratch) { _, deviation in
            for first in stride(from: 0, to: count, by: channels) {
                for c in 0..<channels { dx[first + c] = dy[first + c] / deviation[c] }
            }
        }
    }

    /// `scratch` takes the deviations.
    private func withStatistics(
        _ parameters: [UnsafePointer<Float>], _ scratch: UnsafeMutablePointer<Float>,
        _ body: (_ mean: UnsafePointer<Float>, _ deviation: UnsafePointer<Float>) -> Void
    ) {
        func run(_ mean: UnsafePointer<Float>, _ variance: UnsafePointer<Float>) {
            for c in 0..<channels {
                scratch[c] = max(variance[c].squareRoot(), Standardization.leastDeviation)
            }
            body(mean, scratch)
        }
        guard parameters.isEmpty else { return run(parameters[0], parameters[1]) }
        mean.withUnsafeBufferPointer { mean in
            variance.withUnsafeBufferPointer { variance in
                guard let mean = mean.baseAddress, let variance = variance.baseAddress else { return }
                run(mean, variance)
            }
        }
    }
}

extension [Float] {
    /// One value for each channel of a shape; a single one stands for all.
    fileprivate func each(of shape: Shape) -> [Float] {
        count == 1 ? [Float](repeating: self[0], count: shape[shape.rank - 1]) : self
    }
}
