import Basics
import CTransforms
import ImageCoding

/// A transform that makes a sample of a part of an image, resized. As the first of a list it chooses which part of a stored
/// image, of whatever size, is decoded and resized to the network's input. Elsewhere samples keep their size.
public protocol CropAugmentation: Augmentation {
    /// Throws where samples of this size cannot be made. `evaluation` is the plan for samples that are left to no chance.
    func plan(for size: PixelSize, evaluation: CenterCrop) throws(OptionError) -> any CropPlan
}

extension CropAugmentation {
    public func output(of input: SampleSpecification) throws(TransformError) -> SampleSpecification {
        try requireImages(input, [.bytes, .greyOrColoured])
        do { _ = try plan(for: input.shape) } catch { throw TransformError(self, error.problem) }
        return input
    }

    public func fill(_ output: SamplePlace, from shard: ShardSamples, at index: Int, random: CounterRandom) {
        let shape = shard.specification.shape
        let size = PixelSize(width: shape[1], height: shape[0])
        // `output(of:)` has tried it.
        guard let plan = try? plan(for: shape) else { return }
        let pixels = PixelView(shard.values(index).assumingMemoryBound(to: UInt8.self), size, channels: shape[2])
        let crop = plan.crop(of: size, random: random)
        output.scratch.resampler.resize(
            pixels, crop.box, to: size, crop.filter, into: output.values.assumingMemoryBound(to: UInt8.self))
    }

    private func plan(for shape: Shape) throws(OptionError) -> any CropPlan {
        try plan(
            for: PixelSize(width: shape[1], height: shape[0]),
            evaluation: CenterCrop(height: shape[0], width: shape[1], fraction: 1))
    }
}

/// How a crop is resized: the parameter `interpolation`.
enum CropInterpolation: String, CaseIterable {
    case bilinear, bicubic, random

    /// Number `index` decides where chance does.
    func filter(_ random: CounterRandom, _ index: UInt64) -> ResamplingFilter {
        switch self {
        case .bilinear: .bilinear
        case .bicubic: .bicubic
        case .random: random.uniform(index) < 0.5 ? .bilinear : .bicubic
        }
    }
}

/// A part of random area and shape: Szegedy et al., "Going deeper with convolutions", 2014, as torchvision's
/// `RandomResizedCrop` draws it.
struct RandomResizedCrop: CropAugmentation {
    static let name = "random-resized-crop"
    static let summary = "cuts out a part of random area (of the image's) and ratio of width to height, and resizes it"
    let description: String
    fileprivate let scale: Interval
    fileprivate let ratio: Interval
    fileprivate let interpolation: CropInterpolation

    init(_ parameters: inout AugmentationParameters) throws(OptionError) {
        scale = try parameters.interval("scale", standard: Interval(0.08...1), within: 0.0001...1)
        ratio = try parameters.interval("ratio", standard: Interval(3 / 4...4 / 3), within: 0.01...100)
        interpolation = try parameters.word("interpolation", standard: CropInterpolation.bilinear)
        description = parameters.text
    }

    func plan(for size: PixelSize, evaluation: CenterCrop) -> any CropPlan {
        RandomResizedCropPlan(size: size, crop: self, evaluation: evaluation)
    }
}

struct RandomResizedCropPlan: CropPlan {
    let size: PixelSize
    fileprivate let crop: RandomResizedCrop
    fileprivate let evaluation: CenterCrop

    var description: String { crop.description }
    var inEvaluation: any CropPlan { evaluation }

    /// How often area and ratio are drawn before the middle is taken instead.
    private static let attempts: UInt64 = 10

    func crop(of image: PixelSize, random: CounterRandom) -> ImageCrop {
        let filter = crop.interpolation.filter(random, 0)
        let area = Float(image.width) * Float(image.height)
        for attempt in 0..<Self.attempts {
            let first = 4 * attempt + 1
            let wanted = area * random.uniform(first, in: crop.scale)
            let ratio = random.logarithmic(first + 1, in: crop.ratio)
            let (width, height) = (
                Int((wanted * ratio).squareRoot().rounded()), Int((wanted / ratio).squareRoot().rounded())
            )
            guard (1...image.width).contains(width), (1...image.height).contains(height) else { continue }
            let left = random.integer(first + 2, below: image.width - width + 1)
            let top = random.integer(first + 3, below: image.height - height + 1)
            return ImageCrop(.init(left: left, top: top, width: width, height: height), filter)
        }
        return ImageCrop(middle(of: image), filter)
    }

    /// The largest part in the middle that has an allowed ratio.
    private func middle(of image: PixelSize) -> Resampler.Box {
        let own = Float(image.width) / Float(image.height)
        var (width, height) = (image.width, image.height)
        if own < crop.ratio.low {
            height = max(1, min(height, Int((Float(width) / crop.ratio.low).rounded())))
        } else if own > crop.ratio.high {
            width = max(1, min(width, Int((Float(height) * crop.ratio.high).rounded())))
        }
        return .init(left: (image.width - width) / 2, top: (image.height - height) / 2, width: width, height: height)
    }
}

/// The image resized so that its shorter side has a random length, and a random part of it: Simonyan and Zisserman, "Very
/// deep convolutional networks", 2014, section 3.1. With one length it is the crop of Krizhevsky et al., 2012.
struct ScaleJitter: CropAugmentation {
    static let name = "scale-jitter"
    static let summary =
        "resizes an image until its shorter side has a random number of pixels, and cuts the network's input out of it"
    let description: String
    fileprivate let side: Interval
    fileprivate let interpolation: CropInterpolation

    init(_ parameters: inout AugmentationParameters) throws(OptionError) {
        side = try parameters.interval("side", standard: Interval(256...512), within: 1...65536)
        interpolation = try parameters.word("interpolation", standard: CropInterpolation.bilinear)
        description = parameters.text
    }

    func plan(for size: PixelSize, evaluation: CenterCrop) throws(OptionError) -> any CropPlan {
        guard side.low >= Float(max(size.width, size.height)) else {
            throw OptionError(
                "augment",
                "\(description): samples of \(size) are not cut out of images whose shorter side is \(side); "
                    + "give larger sides, such as scale-jitter(\(max(size.width, size.height) * 8 / 7):"
                    + "\(max(size.width, size.height) * 16 / 7))")
        }
        return ScaleJitterPlan(size: size, jitter: self, evaluation: evaluation)
    }
}

struct ScaleJitterPlan: CropPlan {
    let size: PixelSize
    fileprivate let jitter: ScaleJitter
    fileprivate let evaluation: CenterCrop

    var description: String { jitter.description }
    var inEvaluation: any CropPlan { evaluation }

    func crop(of image: PixelSize, random: CounterRandom) -> ImageCrop {
        let side = Double(random.uniform(0, in: jitter.side).rounded())
        // Pixels of the image for one of the resized image.
        let scale = Double(min(image.width, image.height)) / side
        let (width, height) = (
            min(Double(size.width) * scale, Double(image.width)), min(Double(size.height) * scale, Double(image.height))
        )
        let left = place(random, 1, (Double(image.width) - width) / scale) * scale
        let top = place(random, 2, (Double(image.height) - height) / scale) * scale
        let box = Resampler.Box(
            left: left, top: top, right: min(left + width, Double(image.width)),
            bottom: min(top + height, Double(image.height)))
        return ImageCrop(box, jitter.interpolation.filter(random, 3))
    }

    /// A whole pixel of the resized image.
    private func place(_ random: CounterRandom, _ index: UInt64, _ room: Double) -> Double {
        Double(random.integer(index, below: Int(room.rounded(.down)) + 1))
    }
}

/// Moves an image by up to so many pixels each way. He et al., "Deep residual learning for image recognition", 2015, for
/// CIFAR: with 4 pixels of zeros on each side.
struct PadAndCrop: Augmentation, ImageTransform {
    static let name = "pad-and-crop"
    static let summary = "adds so many pixels on each side of an image, and cuts its size out of that at random"
    let description: String
    private let padding: Int
    private let outside: Outside

    init(_ parameters: inout AugmentationParameters) throws(OptionError) {
        padding = try parameters.count("padding", standard: 4, in: 1...4096)
        outside = try Outside(&parameters, standard: .constant)
        description = parameters.text
    }

    func fill(_ output: SamplePlace, from shard: ShardSamples, at index: Int, random: CounterRandom) {
        let x = random.integer(0, below: 2 * padding + 1) - padding
        let y = random.integer(1, below: 2 * padding + 1) - padding
        shard.specification.copy(shard.values(index), to: output.values, fromX: x, y: y, outside)
    }
}

/// Moves an image by whole pixels, right and down, and fills the gaps as in a mirror at the border's pixels: a view of a sample
/// in evaluation.
package struct PixelShift: ImageTransform {
    private let x: Int
    private let y: Int

    package init(x: Int, y: Int) { (self.x, self.y) = (x, y) }

    package var description: String { "pixel-shift(\(x), \(y))" }
    package var inEvaluation: (any SampleTransform)? { self }

    package func fill(_ output: SamplePlace, from shard: ShardSamples, at index: Int, random: CounterRandom) {
        shard.specification.copy(shard.values(index), to: output.values, fromX: -x, y: -y, Outside(.mirror))
    }
}

extension SampleSpecification {
    /// Copies an image whose upper left pixel comes from (x, y) of the input, which may lie outside.
    fileprivate func copy(
        _ input: UnsafeRawPointer, to output: UnsafeMutableRawPointer, fromX x: Int, y: Int, _ outside: Outside
    ) {
        let (height, width) = (shape[0], shape[1])
        let pixelBytes = shape[2] * form.size
        let rowBytes = width * pixelBytes
        // The columns of the output that have a pixel of the input.
        let columns = min(max(0, -x), width)..<max(min(max(0, -x), width), min(width, width - x))
        for row in 0..<height {
            let target = output + row * rowBytes
            guard let from = outside.mode.inside(row + y, height) else {
                blank(target, width, outside.value)
                continue
            }
            let source = input + from * rowBytes
            (target + columns.lowerBound * pixelBytes).copyMemory(
                from: source + (columns.lowerBound + x) * pixelBytes, byteCount: columns.count * pixelBytes)
            for column in 0..<width where !columns.contains(column) {
                if let from = outside.mode.inside(column + x, width) {
                    (target + column * pixelBytes).copyMemory(from: source + from * pixelBytes, byteCount: pixelBytes)
                } else {
                    blank(target + column * pixelBytes, 1, outside.value)
                }
            }
        }
    }

    private func blank(_ output: UnsafeMutableRawPointer, _ pixels: Int, _ value: Float) {
        let count = pixels * shape[2]
        switch form {
        case .bytes:
            output.assumingMemoryBound(to: UInt8.self).update(repeating: UInt8(value.rounded()), count: count)
        case .floats: output.assumingMemoryBound(to: Float.self).update(repeating: value, count: count)
        }
    }
}

extension FillMode {
    /// The pixel of `count` that stands for one at a whole place; nil for the constant value.
    fileprivate func inside(_ place: Int, _ count: Int) -> Int? {
        if (0..<count).contains(place) { return place }
        switch self {
        case .constant: return nil
        case .wrap:
            let period = max(1, count - 1)
            return ((place % period) + period) % period
        case .nearest, .reflect, .mirror: return dptrain_inside(place, count, kernel)
        }
    }
}

extension Resampler.Box {
    fileprivate init(left: Int, top: Int, width: Int, height: Int) {
        self.init(left: Double(left), top: Double(top), right: Double(left + width), bottom: Double(top + height))
    }
}
