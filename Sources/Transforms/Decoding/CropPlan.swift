import Basics
import ImageCoding

/// What of an image becomes a sample, and how it is resized.
public struct ImageCrop: Sendable, Equatable {
    /// In pixels of the image as it is stored.
    public var box: Resampler.Box
    public var filter: ResamplingFilter

    public init(_ box: Resampler.Box, _ filter: ResamplingFilter) {
        (self.box, self.filter) = (box, filter)
    }
}

/// Chooses what of each image becomes a sample. Only that part is decoded and resized, to `size`.
///
/// A plan is a value without state, and is used on a reader's thread. What it chooses depends on the size of the image and
/// on `random`: the same on any number of ranks and in a resumed run.
public protocol CropPlan: Sendable, CustomStringConvertible {
    /// Of the samples that are made.
    var size: PixelSize { get }

    /// The numbers of `random` count from 0, and are this plan's own for the sample, the epoch and the occurrence.
    func crop(of image: PixelSize, random: CounterRandom) -> ImageCrop

    /// The plan that evaluation and prediction use instead. It uses no random numbers.
    var inEvaluation: any CropPlan { get }
}

/// The middle of an image that is resized until it covers the sample with a margin: what `Resize(256)` and
/// `CenterCrop(224)` of torchvision make, with the same rounding.
public struct CenterCrop: CropPlan, Equatable {
    public let size: PixelSize
    /// The part of the covering size that is kept: 224 of 256 pixels are 0.875.
    public let fraction: Double
    public let filter: ResamplingFilter

    /// What is usual for networks of ImageNet.
    public static let usualFraction = 0.875

    public init(height: Int, width: Int, fraction: Double = usualFraction, filter: ResamplingFilter = .bilinear) {
        precondition(height > 0 && width > 0 && fraction > 0 && fraction <= 1, "a part of an image")
        (size, self.fraction, self.filter) = (PixelSize(width: width, height: height), fraction, filter)
    }

    public var description: String { "center-crop(\(size), \(fraction), \(filter))" }
    public var inEvaluation: any CropPlan { self }

    public func crop(of image: PixelSize, random: CounterRandom) -> ImageCrop {
        crop(of: image, left: Self.margin, top: Self.margin)
    }

    /// The same of another part of the resized image: `left` and `top` say how much of what is too much lies before the part.
    fileprivate func crop(
        of image: PixelSize, left: (_ excess: Int) -> Double, top: (_ excess: Int) -> Double
    ) -> ImageCrop {
        let whole = resized(image)
        let (left, top) = (left(whole.width - size.width), top(whole.height - size.height))
        let (across, down) = (
            Double(image.width) / Double(whole.width), Double(image.height) / Double(whole.height)
        )
        let (width, height) = (Double(image.width), Double(image.height))
        return ImageCrop(
            Resampler.Box(
                left: left * across, top: top * down, right: min(width, (left + Double(size.width)) * across),
                bottom: min(height, (top + Double(size.height)) * down)), filter)
    }

    /// The same with another margin.
    package func with(fraction: Double) -> CenterCrop {
        CenterCrop(height: size.height, width: size.width, fraction: fraction, filter: filter)
    }

    /// The size of the whole image once it covers the sample and its margin: one side as wanted, the other in proportion,
    /// rounded down.
    private func resized(_ image: PixelSize) -> PixelSize {
        let width = max(size.width, Int((Double(size.width) / fraction).rounded()))
        let height = max(size.height, Int((Double(size.height) / fraction).rounded()))
        return Double(image.width) * Double(height) <= Double(image.height) * Double(width)
            ? PixelSize(
                width: width, height: max(size.height, Int(Double(width) * Double(image.height) / Double(image.width))))
            : PixelSize(
                width: max(size.width, Int(Double(height) * Double(image.width) / Double(image.height))), height: height
            )
    }

    /// Half of what is too much, halves to the even number.
    fileprivate static func margin(_ excess: Int) -> Double { (Double(excess) / 2).rounded(.toNearestOrEven) }
}

/// A corner of what `CenterCrop` resizes.
package struct CornerCrop: CropPlan {
    private let center: CenterCrop
    private let isRight: Bool
    private let isLower: Bool

    /// The four corners, and the middle.
    package static func all(of center: CenterCrop) -> [any CropPlan] {
        let corners = [(false, false), (true, false), (false, true), (true, true)].map {
            CornerCrop(center: center, isRight: $0.0, isLower: $0.1)
        }
        return corners + [center as any CropPlan]
    }

    package var size: PixelSize { center.size }
    package var description: String {
        "corner-crop(\(isLower ? "lower" : "upper") \(isRight ? "right" : "left") of \(center))"
    }
    package var inEvaluation: any CropPlan { self }

    package func crop(of image: PixelSize, random: CounterRandom) -> ImageCrop {
        center.crop(of: image, left: { isRight ? Double($0) : 0 }, top: { isLower ? Double($0) : 0 })
    }
}
