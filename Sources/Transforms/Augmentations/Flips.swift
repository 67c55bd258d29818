import Basics
import CTransforms

/// Mirrors left and right: the augmentation of CIFAR and ImageNet recipes since Krizhevsky et al., "ImageNet
/// classification with deep convolutional neural networks", 2012.
struct HorizontalFlip: Augmentation, ImageTransform {
    static let name = "flip"
    static let summary = "mirrors an image left and right"
    let description: String
    /// Of a sample, in each epoch anew.
    private let probability: Float

    init(_ parameters: inout AugmentationParameters) throws(OptionError) {
        probability = try parameters.probability(standard: 0.5)
        description = parameters.text
    }

    func fill(_ output: SamplePlace, from shard: ShardSamples, at index: Int, random: CounterRandom) {
        output.take(index, of: shard, mirrored: random.uniform(0) < probability)
    }
}

/// Mirrors each sample in every second epoch, so that no two successive epochs show the same: Jordan, "94% on CIFAR-10 in
/// 3.29 seconds on a single GPU", 2024.
struct AlternatingFlip: Augmentation, ImageTransform {
    static let name = "alternating-flip"
    static let summary = "mirrors an image left and right in every second epoch; chance decides with which it begins"
    let description: String

    init(_ parameters: inout AugmentationParameters) throws(OptionError) { description = parameters.text }

    func fill(_ output: SamplePlace, from shard: ShardSamples, at index: Int, random: CounterRandom) {
        let begins = shard.lasting(index).uniform(0) < 0.5 ? 1 : 0
        output.take(index, of: shard, mirrored: (shard.epoch + begins) % 2 == 1)
    }
}

struct VerticalFlip: Augmentation, ImageTransform {
    static let name = "vertical-flip"
    static let summary = "mirrors an image up and down"
    let description: String
    private let probability: Float

    init(_ parameters: inout AugmentationParameters) throws(OptionError) {
        probability = try parameters.probability(standard: 0.5)
        description = parameters.text
    }

    func fill(_ output: SamplePlace, from shard: ShardSamples, at index: Int, random: CounterRandom) {
        guard random.uniform(0) < probability else { return output.take(index, of: shard) }
        let samples = shard.specification
        let (rows, rowBytes) = (samples.shape[0], samples.valueBytes / samples.shape[0])
        for row in 0..<rows {
            (output.values + (rows - 1 - row) * rowBytes).copyMemory(
                from: shard.values(index) + row * rowBytes, byteCount: rowBytes)
        }
    }
}

extension SamplePlace {
    /// Copies the values of a sample.
    func take(_ index: Int, of shard: ShardSamples) {
        values.copyMemory(from: shard.values(index), byteCount: shard.specification.valueBytes)
    }

    /// Copies the values of an image, or their mirror image.
    fileprivate func take(_ index: Int, of shard: ShardSamples, mirrored: Bool) {
        guard mirrored else { return take(index, of: shard) }
        let samples = shard.specification
        dptrain_mirror(
            shard.values(index).assumingMemoryBound(to: UInt8.self), samples.shape[0], samples.shape[1],
            samples.shape[2] * samples.form.size, values.assumingMemoryBound(to: UInt8.self))
    }
}
