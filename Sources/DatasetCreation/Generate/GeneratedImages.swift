import Basics

/// What the figure in a generated image is, in label order.
enum GeneratedClass: String, CaseIterable {
    case disc, square, triangle, cross, ring, star
    case horizontalStripes = "horizontal-stripes"
    case verticalStripes = "vertical-stripes"
    case diagonalStripes = "diagonal-stripes"
    case checkerboard
}

/// The built-in image classification task: ten classes of coloured shapes and textures among clutter, 32x32x3.
///
/// Position, size, colours, background, clutter, lighting and noise vary, and the figure is as often darker as it is
/// lighter than its background, so no pixel tells a class: a linear classifier learns little, a small convolutional
/// network most of it. Image `i` of a split is a pure function of (seed, split, i), whatever the number of images.
public struct GeneratedImages: Sendable {
    public enum Split: String, Sendable, CaseIterable {
        case train, test
    }

    public static let height = 32
    public static let width = 32
    public static let channels = 3
    public static let bytesPerImage = height * width * channels
    /// The names of the classes, in label order.
    public static let classes = GeneratedClass.allCases.map(\.rawValue)

    public let seed: UInt64
    public let split: Split

    public init(seed: UInt64, split: Split) {
        self.seed = seed
        self.split = split
    }

    /// The class of image `index`. Every ten images from a multiple of ten hold each class once.
    public func label(at index: Int) -> Int {
        let classes = Self.classes.count
        let block = draws(.label, index / classes).random
        return Permutation(count: classes, random: block)[index % classes]
    }

    /// Draws image `index` into `output`: `bytesPerImage` bytes, rows of pixels of red, green, blue.
    public func render(_ index: Int, into output: UnsafeMutablePointer<UInt8>) {
        withUnsafeTemporaryAllocation(of: SIMD3<Float>.self, capacity: Self.height * Self.width) { pixels in
            let canvas = Canvas(pixels: pixels, height: Self.height, width: Self.width)
            var draws = self.draws(.scene, index)
            Scene(GeneratedClass.allCases[label(at: index)], draws: &draws).paint(on: canvas)
            canvas.quantize(into: output, noise: draws.uniform(4..<24), random: self.draws(.noise, index).random)
        }
    }

    private enum Use: UInt64 {
        case label, scene, noise
    }

    /// The random numbers of one image, apart from those of all other images, splits and uses.
    private func draws(_ use: Use, _ index: Int) -> Draws {
        let splitNumber: UInt64 = split == .train ? 0 : 1
        let stream = CounterRandom.mix(UInt64(index), use.rawValue << 1 | splitNumber)
        return Draws(random: CounterRandom(seed: seed, purpose: .generatedData, stream: stream))
    }
}

/// Random numbers taken one after the other.
struct Draws {
    let random: CounterRandom
    private var next: UInt64 = 0

    init(random: CounterRandom) { self.random = random }

    mutating func uniform(_ range: Range<Float>) -> Float {
        defer { next += 1 }
        return random.uniform(next, in: range)
    }

    mutating func integer(_ range: ClosedRange<Int>) -> Int {
        defer { next += 1 }
        return range.lowerBound + random.integer(next, below: range.count)
    }

    mutating func bool() -> Bool { integer(0...1) == 1 }

    mutating func point(_ range: Range<Float>) -> SIMD2<Float> { SIMD2(uniform(range), uniform(range)) }

    mutating func colour(_ range: Range<Float>) -> SIMD3<Float> {
        SIMD3(uniform(range), uniform(range), uniform(range))
    }

    /// Cosine and sine of an angle whose half has a tangent in `range`, from the rational points of the circle.
    mutating func rotation(halfTangent range: Range<Float>) -> SIMD2<Float> {
        let t = uniform(range)
        return SIMD2(1 - t * t, 2 * t) / (1 + t * t)
    }
}
