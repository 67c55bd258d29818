import Basics
import Models

extension Noise: RandomlyComputed {
    func loops(for operation: Operation, samples: Int) -> any RandomLayer {
        NoiseLoops(kind: kind, samples: samples, shape: operation.outputShape)
    }
}

/// y = factor · x + summand, where one of the two is drawn for each element, or each channel.
struct NoiseLoops: RandomLayer {
    private let kind: Noise.Kind
    private let samples: Int
    /// Elements of a sample.
    private let count: Int
    private let channels: Int

    init(kind: Noise.Kind, samples: Int, shape: Shape) {
        (self.kind, self.samples, count) = (kind, samples, shape.count)
        channels = shape[shape.rank - 1]
    }

    /// The factors; an addition has none.
    var noteCount: Int { if case .addition = kind { 0 } else { samples * count } }

    func forward(
        _ x: UnsafePointer<Float>, into y: UnsafeMutablePointer<Float>, notes: UnsafeMutablePointer<Float>,
        _ random: SampleRandom
    ) {
        for sample in 0..<samples {
            let start = sample * count
            let (x, y, factors, random) = (x + start, y + start, notes + start, random.of(sample))
            switch kind {
            case .addition(let deviation):
                for i in 0..<count { y[i] = x[i] + deviation * random.normal(UInt64(i)) }
            case .multiplication(let rate):
                let deviation = (rate / (1 - rate)).squareRoot()
                for i in 0..<count {
                    factors[i] = 1 + deviation * random.normal(UInt64(i))
                    y[i] = x[i] * factors[i]
                }
            case .selfNormalizing(let rate):
                let scale = SelfNormalizing(rate: rate)
                random.fillUniform(UnsafeMutableBufferPointer(start: factors, count: count), from: 0)
                for i in 0..<count {
                    let isKept = factors[i] >= rate
                    factors[i] = isKept ? scale.factor : 0
                    y[i] = scale.factor * (isKept ? x[i] : SelfNormalizing.lowest) + scale.summand
                }
            case .channels(let rate):
                let keep = 1 / (1 - rate)
                random.fillUniform(UnsafeMutableBufferPointer(start: factors, count: channels), from: 0)
                for c in 0..<channels { factors[c] = factors[c] < rate ? 0 : keep }
                for i in channels..<max(count, channels) { factors[i] = factors[i - channels] }
                for i in 0..<count { y[i] = x[i] * factors[i] }
            }
        }
    }

    func backward(_ dy: UnsafePointer<Float>, notes: UnsafePointer<Float>, into dx: UnsafeMutablePointer<Float>) {
        if case .addition = kind { return dx.update(from: dy, count: samples * count) }
        for i in 0..<samples * count { dx[i] = dy[i] * notes[i] }
    }
}

/// What keeps mean and variance of normal values where some of them become the lowest value of SELU.
private struct SelfNormalizing {
    let factor: Float
    let summand: Float

    /// SELU of minus infinity: -alpha · scale.
    static let lowest = Float(-1.673_263_242_354_377_2 * 1.050_700_987_355_480_5)

    init(rate: Float) {
        let lowest = Self.lowest
        factor = 1 / ((1 - rate) * (1 + rate * lowest * lowest)).squareRoot()
        summand = -factor * lowest * rate
    }
}
