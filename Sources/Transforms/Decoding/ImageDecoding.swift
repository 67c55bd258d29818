import Basics
import ImageCoding

/// How stored images become samples of one size: the first stage of an input pipeline, before all transforms.
public struct ImageDecoding: Sendable {
    public let plan: any CropPlan
    /// 1 (grey) or 3 (red, green, blue). Grey images become coloured ones, and coloured ones grey, where the network wants
    /// it.
    public let channels: Int

    public init(_ plan: any CropPlan, channels: Int) {
        precondition(channels == 1 || channels == 3, "grey or coloured")
        (self.plan, self.channels) = (plan, channels)
    }

    /// [H, W, C] of the samples.
    public var output: Shape { [plan.size.height, plan.size.width, channels] }
    package var inEvaluation: ImageDecoding { ImageDecoding(plan.inEvaluation, channels: channels) }

    /// An estimate of what a thread takes to decode: an image of twice the sample's sides and three times its breadth, and
    /// a resized copy. JPEG images that are larger are reduced while they are decoded.
    package var scratchBytes: Int { 3 * 4 * 3 * output.count }
}

/// Decodes and resizes images on one thread, in memory that it keeps.
package final class ImageStage {
    private let decoding: ImageDecoding
    private let decoder: ImageDecoder
    private let resampler = Resampler()

    package init(_ decoding: ImageDecoding) throws {
        self.decoding = decoding
        decoder = try ImageDecoder()
    }

    /// A JPEG, PNG or WebP image. JPEG is decoded at a reduced size where that is no smaller than what is wanted.
    package func decode(
        _ bytes: UnsafeRawBufferPointer, random: CounterRandom, into output: UnsafeMutablePointer<UInt8>
    )
        throws(ImageError)
    {
        let header = try ImageHeader(bytes)
        let (crop, size) = (decoding.plan.crop(of: header.size, random: random), decoding.plan.size)
        let reduction = header.reduction(for: Self.wanted(header.size, crop.box, size))
        let reduced = reduction.reduced(header.size)
        let box = Self.scale(crop.box, from: header.size, to: reduced)
        let region = Resampler.region(for: box, of: reduced, to: size, crop.filter)
        let pixels = try decoder.decode(bytes, channels: decoding.channels, reduction: reduction, region: region)
        resampler.resize(pixels, box, to: size, crop.filter, into: output)
    }

    /// Pixels that are stored as [H, W, C], with as many channels as are wanted.
    package func resize(
        _ pixels: UnsafePointer<UInt8>, _ shape: Shape, random: CounterRandom, into output: UnsafeMutablePointer<UInt8>
    ) {
        let size = PixelSize(width: shape[1], height: shape[0])
        let crop = decoding.plan.crop(of: size, random: random)
        let view = PixelView(
            base: pixels, rowBytes: shape[1] * shape[2], channels: shape[2], region: PixelRect(size), imageSize: size)
        resampler.resize(view, crop.box, to: decoding.plan.size, crop.filter, into: output)
    }

    /// The size of the whole image when its box has the sample's size.
    private static func wanted(_ image: PixelSize, _ box: Resampler.Box, _ size: PixelSize) -> PixelSize {
        let across = Double(size.width) * Double(image.width) / (box.right - box.left)
        let down = Double(size.height) * Double(image.height) / (box.bottom - box.top)
        // Nothing is reduced for more than the image has.
        return PixelSize(
            width: Int(min(across.rounded(), Double(image.width))),
            height: Int(min(down.rounded(), Double(image.height))))
    }

    private static func scale(_ box: Resampler.Box, from image: PixelSize, to reduced: PixelSize) -> Resampler.Box {
        if image == reduced { return box }
        let across = Double(reduced.width) / Double(image.width)
        let down = Double(reduced.height) / Double(image.height)
        return Resampler.Box(
            left: box.left * across, top: box.top * down, right: min(box.right * across, Double(reduced.width)),
            bottom: min(box.bottom * down, Double(reduced.height)))
    }
}
