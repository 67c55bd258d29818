import Basics
import CTransforms

/// An operation of timm's RandAugment, whose strength is still to be drawn: Wightman, "PyTorch Image Models",
/// `timm/data/auto_augment.py`.
package enum TimmOperation: CaseIterable {
    case autocontrast, equalize, invert, rotate, posterize, solarize, solarizeAdd, color, contrast, brightness,
        sharpness,
        shearX, shearY, translateX, translateY

    /// What else is drawn of an operation.
    package struct Draw: Equatable {
        package var level: Float
        package var isNegative = false
        package var resampling = ImageOperation.Resampling.bicubic

        package init(level: Float) { self.level = level }
    }

    /// With a level of 0 to 10, or beyond. `increasing`: whether more of it changes an image more; of `posterize`, `solarize` and
    /// the four factors it means less otherwise.
    package func drawn(_ draw: Draw, increasing: Bool, filling color: FillColor, _ image: dptrain_image)
        -> ImageOperation
    {
        let part = Double(draw.level) / 10
        let sign = draw.isNegative ? -1.0 : 1
        func moved(_ motion: ImageOperation.Motion) -> ImageOperation { .moved(motion, draw.resampling, color) }
        let factor = Float(increasing ? max(0.1, 1 + sign * part * 0.9) : part * 1.8 + 0.1)
        switch self {
        case .autocontrast: return .autocontrast
        case .equalize: return .equalize
        case .invert: return .invert
        case .rotate: return moved(.rotate(degrees: Float(sign * part * 30)))
        case .posterize: return .posterize(max(0, increasing ? 4 - Int(part * 4) : Int(part * 4)))
        case .solarize:
            let threshold = min(256, Int(part * 256))
            return .solarize(Float(increasing ? 256 - threshold : threshold))
        case .solarizeAdd: return .solarizeAdd(min(128, Int(part * 110)))
        case .color: return .saturation(factor)
        case .contrast: return .contrast(factor)
        case .brightness: return .brightness(factor)
        case .sharpness: return .sharpness(factor)
        case .shearX: return moved(.shearX(Float(sign * part * 0.3)))
        case .shearY: return moved(.shearY(Float(sign * part * 0.3)))
        case .translateX: return moved(.translateX(Float(sign * part * 0.45 * Double(image.width))))
        case .translateY: return moved(.translateY(Float(sign * part * 0.45 * Double(image.height))))
        }
    }
}

/// RandAugment as timm has it: `rand-m7-mstd0.5-inc1` is `rand-augment-timm(7)`.
package struct TimmRandAugment: ByteAugmentation {
    package static let name = "rand-augment-timm"
    package static let summary =
        "does so many of 15 operations as timm does, each with a probability, and a magnitude of about 0 to 10"
    package let description: String
    private let magnitude: Float
    private let deviation: Float
    private let operations: Int
    private let probability: Float
    private let most: Float
    private let increasing: Bool
    private let interpolation: CropInterpolation
    private let color: FillColor

    package init(_ parameters: inout AugmentationParameters) throws(OptionError) {
        magnitude = try parameters.amount("magnitude", standard: 9, atMost: 100)
        deviation = try parameters.amount("deviation", standard: 0.5, atMost: 100)
        operations = try parameters.count("operations", standard: 2, in: 1...16)
        probability = try parameters.probability(standard: 0.5)
        most = try parameters.amount("most", standard: 10, atMost: 100)
        increasing = try parameters.take("increasing", standard: true, "true or false") { _ in true }
        interpolation = try parameters.word("interpolation", standard: CropInterpolation.random)
        color = try parameters.take("fill", standard: FillColor.imageNet, "a colour such as 124:116:104") { _ in true }
        description = parameters.text
    }

    /// What is done as the operation of this number; nil for nothing.
    package func draw(_ number: Int, _ random: CounterRandom) -> (operation: TimmOperation, draw: TimmOperation.Draw)? {
        let (normal, choices) = (random.part(0), random.part(1))
        let first = UInt64(number) * 4
        guard choices.uniform(first) < probability else { return nil }
        let level = magnitude + (deviation > 0 ? deviation * normal.normal(UInt64(number)) : 0)
        var draw = TimmOperation.Draw(level: min(max(level, 0), most))
        draw.isNegative = choices.uniform(first + 1) < 0.5
        draw.resampling = interpolation.filter(choices, first + 2) == .bicubic ? .bicubic : .bilinear
        let all = TimmOperation.allCases
        return (all[choices.integer(first + 3, below: all.count)], draw)
    }

    package func fill(
        _ output: UnsafeMutablePointer<UInt8>, from input: UnsafePointer<UInt8>, _ image: dptrain_image,
        random: CounterRandom, scratch: TransformScratch
    ) {
        let drawn = (0..<operations).lazy.map { number in
            draw(number, random).map { $0.drawn($1, increasing: increasing, filling: color, image) } ?? .identity
        }
        scratch.apply(drawn, to: input, image, into: output)
    }
}
