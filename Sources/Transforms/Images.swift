import Basics
import CTransforms

/// The size of the images that a transform is given, as C knows it.
extension dptrain_image {
    /// Of [H, W, C].
    package init(_ shape: Shape) { self.init(height: shape[0], width: shape[1], channels: shape[2]) }

    package var pixels: Int { height * width }
    /// Values.
    package var count: Int { height * width * channels }
}

/// Which images a transform takes.
struct ImageDemand: OptionSet {
    let rawValue: Int

    /// Bytes, not floats: what is done to them is defined by their 256 levels.
    static let bytes = ImageDemand(rawValue: 1)
    /// One channel or three.
    static let greyOrColoured = ImageDemand(rawValue: 2)
}

extension SampleTransform {
    /// Refuses samples that are no images, or not such as are demanded.
    func requireImages(_ input: SampleSpecification, _ demand: ImageDemand = []) throws(TransformError) {
        let remedy = "; leave it out of --augment"
        guard input.isImage else {
            throw TransformError(
                self, "takes images, and these samples are rows of \(input.shape) features\(remedy)")
        }
        guard !demand.contains(.bytes) || input.form == .bytes else {
            throw TransformError(self, "takes images of bytes, and these are floats\(remedy)")
        }
        guard !demand.contains(.greyOrColoured) || [1, 3].contains(input.shape[2]) else {
            throw TransformError(
                self, "takes images of 1 or 3 channels, and these have \(input.shape[2])\(remedy)")
        }
    }
}

/// A transform that makes other values of an image of the same size.
protocol ImageTransform: SampleTransform {}

extension ImageTransform {
    public func output(of input: SampleSpecification) throws(TransformError) -> SampleSpecification {
        try requireImages(input)
        return input
    }
}

/// A transform that makes other bytes of an image of bytes, grey or coloured, of the same size.
protocol ByteAugmentation: Augmentation {
    /// Makes one image. All randomness is in `random`; `scratch` is memory of the thread.
    func fill(
        _ output: UnsafeMutablePointer<UInt8>, from input: UnsafePointer<UInt8>, _ image: dptrain_image,
        random: CounterRandom, scratch: TransformScratch)
}

extension ByteAugmentation {
    public func output(of input: SampleSpecification) throws(TransformError) -> SampleSpecification {
        try requireImages(input, [.bytes, .greyOrColoured])
        return input
    }

    public func fill(_ output: SamplePlace, from shard: ShardSamples, at index: Int, random: CounterRandom) {
        fill(
            output.values.assumingMemoryBound(to: UInt8.self),
            from: shard.values(index).assumingMemoryBound(to: UInt8.self), dptrain_image(shard.specification.shape),
            random: random, scratch: output.scratch)
    }
}
