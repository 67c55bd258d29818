import Basics

/// Masks of 0 and 1 / (1 - rate). Element j of a sample depends only on (seed, layer, step, the sample's place in the
/// global batch, j), not on shards, ranks or the engine's layout.
struct DropoutKernel {
    let rate: Float
    /// The operation's number: each dropout layer has a stream of its own.
    let layer: Int
    let rows: Int
    let width: Int
    /// One value for each sample, instead of one for each element.
    let dropsSamples: Bool

    var count: Int { rows * width }

    func fillMask(_ mask: UnsafeMutablePointer<Float>, _ context: StepContext) {
        let random = CounterRandom(
            seed: context.seed, purpose: .dropout, stream: CounterRandom.mix(context.step, UInt64(layer)))
        let keep = 1 / (1 - rate)
        let stride = UInt64(width.rounded(upToMultipleOf: 4))
        for row in 0..<rows {
            if dropsSamples {
                let drawn = random.uniform(UInt64(context.firstSample + row))
                (mask + row * width).update(repeating: drawn < rate ? 0 : keep, count: width)
                continue
            }
            let sample = UnsafeMutableBufferPointer(start: mask + row * width, count: width)
            random.fillUniform(sample, from: UInt64(context.firstSample + row) * stride)
            for i in 0..<width { sample[i] = sample[i] < rate ? 0 : keep }
        }
    }
}
