import Basics
import CTransforms

/// An operation of AutoAugment and its successors, whose strength is still to be drawn.
package enum PolicyOperation: CaseIterable {
    case identity, shearX, shearY, translateX, translateY, rotate, brightness, color, contrast, sharpness, posterize,
        solarize, autocontrast, equalize, invert

    /// Which strengths there are: those of AutoAugment and RandAugment, or the wide ones of TrivialAugment.
    package enum Space { case usual, wide }

    /// The operation with strength `level` of `levels`, which count from 0. A level may lie between two of them. The signs of
    /// those that have one are turned if `isNegative`. The strengths are torchvision's.
    package func drawn(_ space: Space, level: Float, of levels: Int, isNegative: Bool, _ image: dptrain_image)
        -> ImageOperation
    {
        let part = level / Float(levels - 1)
        func signed(_ most: Float) -> Float { (isNegative ? -1 : 1) * most * part }
        let isWide = space == .wide
        func pixels(_ side: Int) -> Int { Int(signed(isWide ? 32 : 150 / 331 * Float(side))) }
        switch self {
        case .identity: return .identity
        case .shearX: return .shearX(signed(isWide ? 0.99 : 0.3))
        case .shearY: return .shearY(signed(isWide ? 0.99 : 0.3))
        case .translateX: return .translateX(pixels(image.width))
        case .translateY: return .translateY(pixels(image.height))
        case .rotate: return .rotate(degrees: signed(isWide ? 135 : 30))
        case .brightness: return .brightness(1 + signed(isWide ? 0.99 : 0.9))
        case .color: return .saturation(1 + signed(isWide ? 0.99 : 0.9))
        case .contrast: return .contrast(1 + signed(isWide ? 0.99 : 0.9))
        case .sharpness: return .sharpness(1 + signed(isWide ? 0.99 : 0.9))
        case .posterize: return .posterize(8 - Int((part * (isWide ? 6 : 4)).rounded(.toNearestOrEven)))
        case .solarize: return .solarize(255 * (1 - part))
        case .autocontrast: return .autocontrast
        case .equalize: return .equalize
        case .invert: return .invert
        }
    }

    /// Those that RandAugment and TrivialAugment choose from.
    static let searched = allCases.filter { $0 != .invert }
}

/// How the operations of a policy move pixels: the parameter `interpolation`, which torchvision's policies have too.
enum PolicyInterpolation: String, CaseIterable {
    case nearest, bilinear, bicubic

    /// Applies operations one after the other; gaps get `value`.
    func apply(
        _ operations: some Sequence<ImageOperation>, to input: UnsafePointer<UInt8>, _ image: dptrain_image,
        into output: UnsafeMutablePointer<UInt8>, filling value: Float, _ scratch: TransformScratch
    ) {
        let byte = UInt8(value.rounded())
        let resampling: ImageOperation.Resampling? =
            switch self {
            case .nearest: nil
            case .bilinear: .bilinear
            case .bicubic: .bicubic
            }
        scratch.apply(
            operations.lazy.map { operation in resampling.map { operation.moved(by: $0, filling: byte) } ?? operation },
            to: input, image, into: output, filling: byte)
    }
}

extension ImageOperation {
    /// The same with interpolation, if it moves pixels.
    package func moved(by resampling: Resampling, filling value: UInt8) -> ImageOperation {
        let motion: Motion
        switch self {
        case .shearX(let part): motion = .shearX(part)
        case .shearY(let part): motion = .shearY(part)
        case .translateX(let pixels): motion = .translateX(Float(-pixels))
        case .translateY(let pixels): motion = .translateY(Float(-pixels))
        case .rotate(let degrees): motion = .rotate(degrees: degrees)
        default: return self
        }
        return .moved(motion, resampling, FillColor(red: value, green: value, blue: value))
    }
}

/// Cubuk et al., "RandAugment: practical automated data augmentation with a reduced search space", 2019.
struct RandAugment: ByteAugmentation {
    static let name = "rand-augment"
    static let summary = "does so many of 14 operations, chosen at random, with a magnitude of 0 to levels - 1"
    let description: String
    private let operations: Int
    private let magnitude: Int
    private let levels: Int
    private let value: Float
    private let deviation: Float
    private let probability: Float
    private let interpolation: PolicyInterpolation

    init(_ parameters: inout AugmentationParameters) throws(OptionError) {
        operations = try parameters.count("operations", standard: 2, in: 1...16)
        magnitude = try parameters.count("magnitude", standard: 9, in: 0...1000)
        levels = try parameters.count("levels", standard: 31, in: 2...1001)
        value = try parameters.amount("value", standard: 0, atMost: 255)
        deviation = try parameters.amount("deviation", standard: 0, atMost: 1000)
        probability = try parameters.probability(standard: 1)
        interpolation = try parameters.word("interpolation", standard: .nearest)
        guard magnitude < levels else { throw parameters.problem("its magnitude is below its levels, \(levels)") }
        description = parameters.text
    }

    /// The magnitude, or with a deviation a number that is normally distributed around it, as timm's `mstd` has it.
    private func level(_ number: UInt64, _ random: CounterRandom) -> Float {
        guard deviation > 0 else { return Float(magnitude) }
        return min(max(Float(magnitude) + deviation * random.normal(number), 0), Float(levels - 1))
    }

    func fill(
        _ output: UnsafeMutablePointer<UInt8>, from input: UnsafePointer<UInt8>, _ image: dptrain_image,
        random: CounterRandom, scratch: TransformScratch
    ) {
        let (strengths, omissions) = (random.part(0), random.part(1))
        let drawn = (0..<UInt64(operations)).lazy.map { number -> ImageOperation in
            guard omissions.uniform(number) < probability else { return .identity }
            return PolicyOperation.searched[random.integer(2 * number, below: PolicyOperation.searched.count)].drawn(
                .usual, level: level(number, strengths), of: levels,
                isNegative: random.uniform(2 * number + 1) < 0.5, image)
        }
        interpolation.apply(drawn, to: input, image, into: output, filling: value, scratch)
    }
}

/// Müller and Hutter, "TrivialAugment: tuning-free yet state-of-the-art data augmentation", 2021, in its wide form.
struct TrivialAugment: ByteAugmentation {
    static let name = "trivial-augment"
    static let summary = "does one of 14 operations with one of so many magnitudes, both chosen at random"
    let description: String
    private let levels: Int
    private let value: Float
    private let interpolation: PolicyInterpolation

    init(_ parameters: inout AugmentationParameters) throws(OptionError) {
        levels = try parameters.count("levels", standard: 31, in: 2...1001)
        value = try parameters.amount("value", standard: 0, atMost: 255)
        interpolation = try parameters.word("interpolation", standard: .nearest)
        description = parameters.text
    }

    func fill(
        _ output: UnsafeMutablePointer<UInt8>, from input: UnsafePointer<UInt8>, _ image: dptrain_image,
        random: CounterRandom, scratch: TransformScratch
    ) {
        let operation = PolicyOperation.searched[random.integer(0, below: PolicyOperation.searched.count)]
        let drawn = operation.drawn(
            .wide, level: Float(random.integer(1, below: levels)), of: levels, isNegative: random.uniform(2) < 0.5,
            image)
        interpolation.apply(CollectionOfOne(drawn), to: input, image, into: output, filling: value, scratch)
    }
}

/// Cubuk et al., "AutoAugment: learning augmentation policies from data", 2018.
struct AutoAugment: ByteAugmentation {
    static let name = "auto-augment"
    static let summary = "does one of 25 pairs of operations that were found to suit a data set"
    let description: String
    private let pairs: [AutoAugmentPolicy.Pair]
    private let value: Float
    private let interpolation: PolicyInterpolation

    init(_ parameters: inout AugmentationParameters) throws(OptionError) {
        pairs = try parameters.word("policy", standard: AutoAugmentPolicy.imagenet).pairs
        value = try parameters.amount("value", standard: 0, atMost: 255)
        interpolation = try parameters.word("interpolation", standard: .nearest)
        description = parameters.text
    }

    func fill(
        _ output: UnsafeMutablePointer<UInt8>, from input: UnsafePointer<UInt8>, _ image: dptrain_image,
        random: CounterRandom, scratch: TransformScratch
    ) {
        let pair = pairs[random.integer(0, below: pairs.count)]
        let drawn = (0..<UInt64(2)).lazy.map { number -> ImageOperation in
            let step = number == 0 ? pair.first : pair.second
            guard random.uniform(2 * number + 1) < step.probability else { return .identity }
            return step.operation.drawn(
                .usual, level: Float(step.level), of: AutoAugmentPolicy.levels,
                isNegative: random.uniform(2 * number + 2) < 0.5, image)
        }
        interpolation.apply(drawn, to: input, image, into: output, filling: value, scratch)
    }
}
