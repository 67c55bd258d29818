import Basics

/// Mirrors left and right: the augmentation of CIFAR and ImageNet recipes since Krizhevsky et al., "ImageNet
/// classification with deep convolutional neural networks", 2012.
struct HorizontalFlip: Augmentation {
    static let name = "flip"
    static let summary = "flip(P) mirrors an image left and right with probability P (0.5 if not given)"

    /// Of a sample, in each epoch anew.
    let probability: Float

    init(_ parameters: inout AugmentationParameters) throws(OptionError) {
        probability = try parameters.take("probability", standard: 0.5, "a number from 0 to 1") { (0...1).contains($0) }
    }

    var description: String { "flip(\(probability))" }

    func output(of input: SampleSpecification) throws(TransformError) -> SampleSpecification {
        guard input.isImage else {
            throw TransformError(
                self, "mirrors images, and these samples are rows of \(input.shape) features; leave it out of --augment"
            )
        }
        return input
    }

    var inEvaluation: (any SampleTransform)? { nil }

    func fill(_ output: SamplePlace, from shard: ShardSamples, at index: Int, random: CounterRandom) {
        let samples = shard.specification
        guard random.uniform(0) < probability else {
            output.values.copyMemory(from: shard.values(index), byteCount: samples.valueBytes)
            return
        }
        switch samples.form {
        case .bytes: mirror(shard.values(index), output.values, samples.shape, as: UInt8.self)
        case .floats: mirror(shard.values(index), output.values, samples.shape, as: Float.self)
        }
    }

    /// Constant numbers of channels let the compiler unroll the loop over them.
    private func mirror<Element>(
        _ input: UnsafeRawPointer, _ output: UnsafeMutableRawPointer, _ shape: Shape, as type: Element.Type
    ) {
        let (source, target) = (input.assumingMemoryBound(to: type), output.assumingMemoryBound(to: type))
        switch shape[2] {
        case 1: mirror(source, target, rows: shape[0], width: shape[1], channels: 1)
        case 3: mirror(source, target, rows: shape[0], width: shape[1], channels: 3)
        default: mirror(source, target, rows: shape[0], width: shape[1], channels: shape[2])
        }
    }

    @inline(__always)
    private func mirror<Element>(
        _ input: UnsafePointer<Element>, _ output: UnsafeMutablePointer<Element>, rows: Int, width: Int, channels: Int
    ) {
        for row in 0..<rows {
            let first = row * width
            for x in 0..<width {
                let from = (first + x) * channels
                let to = (first + width - 1 - x) * channels
                for channel in 0..<channels { output[to + channel] = input[from + channel] }
            }
        }
    }
}
