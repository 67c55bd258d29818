import Basics
import CTransforms
import Glibc

// What changes the values of an image and not their places.

/// Keras's `brightness_range`.
struct Brightness: ByteAugmentation {
    static let name = "brightness"
    static let summary = "multiplies an image by a factor: 0.2, or 0.8:1.2, draws it from there"
    let description: String
    private let factors: Interval

    init(_ parameters: inout AugmentationParameters) throws(OptionError) {
        factors = try parameters.factors("range", standard: 0.2)
        description = parameters.text
    }

    func fill(
        _ output: UnsafeMutablePointer<UInt8>, from input: UnsafePointer<UInt8>, _ image: dptrain_image,
        random: CounterRandom, scratch: TransformScratch
    ) {
        ImageOperation.brightness(random.uniform(0, in: factors)).apply(to: input, image, into: output, scratch)
    }
}

/// Keras's `channel_shift_range`: no value becomes lower than the image's lowest, or higher than its highest.
struct ChannelShift: ByteAugmentation {
    static let name = "channel-shift"
    static let summary = "adds a number of up to so many levels, either way, to all channels"
    let description: String
    private let most: Float

    init(_ parameters: inout AugmentationParameters) throws(OptionError) {
        most = try parameters.amount("levels", standard: 20, atMost: 255)
        description = parameters.text
    }

    func fill(
        _ output: UnsafeMutablePointer<UInt8>, from input: UnsafePointer<UInt8>, _ image: dptrain_image,
        random: CounterRandom, scratch: TransformScratch
    ) {
        let shift = Int(random.symmetric(0, most).rounded())
        let pixels = UnsafeBufferPointer(start: input, count: image.count)
        let (low, high) = (Int(pixels.min() ?? 0), Int(pixels.max() ?? 0))
        withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 256) { table in
            for i in 0..<256 { table[i] = UInt8(min(max(i + shift, low), high)) }
            dptrain_look_up(table.baseAddress, 1, input, image.count, output)
        }
    }
}

/// torchvision's `ColorJitter`: all four in random order.
struct ColorJitter: ByteAugmentation {
    static let name = "color-jitter"
    static let summary =
        "changes brightness, contrast and saturation by factors within so much of 1, and the hue by up to a part of a turn"
    let description: String
    private let brightness: Interval
    private let contrast: Interval
    private let saturation: Interval
    private let hue: Float

    init(_ parameters: inout AugmentationParameters) throws(OptionError) {
        // One number is for the three.
        let first = try parameters.amount("brightness", standard: 0.4, atMost: 10)
        let second = try parameters.amount("contrast", standard: first, atMost: 10)
        let third = try parameters.amount("saturation", standard: first, atMost: 10)
        hue = try parameters.amount("hue", standard: 0, atMost: 0.5)
        (brightness, contrast, saturation) = (Self.around(first), Self.around(second), Self.around(third))
        description = parameters.text
    }

    private static func around(_ reach: Float) -> Interval { Interval(max(0, 1 - reach)...1 + reach) }

    func fill(
        _ output: UnsafeMutablePointer<UInt8>, from input: UnsafePointer<UInt8>, _ image: dptrain_image,
        random: CounterRandom, scratch: TransformScratch
    ) {
        let order = Permutation(count: 4, random: random.part(1))
        scratch.apply((0..<4).lazy.map { operation(order[$0], random) }, to: input, image, into: output)
    }

    private func operation(_ number: Int, _ random: CounterRandom) -> ImageOperation {
        switch number {
        case 0: brightness.high == 1 ? .identity : .brightness(random.uniform(0, in: brightness))
        case 1: contrast.high == 1 ? .identity : .contrast(random.uniform(1, in: contrast))
        case 2: saturation.high == 1 ? .identity : .saturation(random.uniform(2, in: saturation))
        default: hue == 0 ? .identity : .hue(Float(random.symmetric(3, hue)))
        }
    }
}

/// Adds multiples of the principal components of ImageNet's colours: Krizhevsky et al., 2012, section 4.1.
struct Lighting: ByteAugmentation {
    static let name = "lighting"
    static let summary =
        "shifts colours along the principal components of ImageNet's (AlexNet), by normal numbers of this deviation"
    let description: String
    private let deviation: Float

    /// Of red, green and blue from 0 to 1, as Caffe's and Torch's recipes publish them.
    private static let values = SIMD3<Float>(0.2175, 0.0188, 0.0045)
    private static let components: [SIMD3<Float>] = [
        [-0.5675, 0.7192, 0.4009], [-0.5808, -0.0045, -0.8140], [-0.5836, -0.6948, 0.4203],
    ]

    init(_ parameters: inout AugmentationParameters) throws(OptionError) {
        deviation = try parameters.amount("deviation", standard: 0.1, atMost: 10)
        description = parameters.text
    }

    func output(of input: SampleSpecification) throws(TransformError) -> SampleSpecification {
        try requireImages(input, .bytes)
        guard input.shape[2] == 3 else { throw TransformError(self, "takes coloured images, not \(input.shape)") }
        return input
    }

    func fill(
        _ output: UnsafeMutablePointer<UInt8>, from input: UnsafePointer<UInt8>, _ image: dptrain_image,
        random: CounterRandom, scratch: TransformScratch
    ) {
        let weights = SIMD3(random.normal(0), random.normal(1), random.normal(2)) * deviation * Self.values
        withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 3 * 256) { tables in
            for channel in 0..<3 {
                let shift = Float(255) * (weights * Self.components[channel]).sum()
                for i in 0..<256 { tables[channel << 8 | i] = UInt8(min(max(Float(i) + shift, 0), 255).rounded()) }
            }
            dptrain_look_up(tables.baseAddress, 3, input, image.count, output)
        }
    }
}

struct Grayscale: ByteAugmentation {
    static let name = "grayscale"
    static let summary = "makes a coloured image grey, with as many channels"
    let description: String
    private let probability: Float

    init(_ parameters: inout AugmentationParameters) throws(OptionError) {
        probability = try parameters.probability(standard: 0.1)
        description = parameters.text
    }

    func fill(
        _ output: UnsafeMutablePointer<UInt8>, from input: UnsafePointer<UInt8>, _ image: dptrain_image,
        random: CounterRandom, scratch: TransformScratch
    ) {
        let isGrey = random.uniform(0) < probability
        (isGrey ? ImageOperation.saturation(0) : .identity).apply(to: input, image, into: output, scratch)
    }
}

/// torchvision's `GaussianBlur`.
struct GaussianBlur: ByteAugmentation {
    static let name = "blur"
    static let summary = "blurs an image by a Gaussian of random deviation in pixels"
    let description: String
    private let deviation: Interval
    private let probability: Float
    /// Pixels to each side that count.
    private let reach: Int

    init(_ parameters: inout AugmentationParameters) throws(OptionError) {
        deviation = try parameters.interval("deviation", standard: Interval(0.1...2), within: 0.01...32)
        probability = try parameters.probability(standard: 0.5)
        let usual = 2 * Int((3 * deviation.high).rounded(.up)) + 1
        let kernel = try parameters.count("kernel", standard: usual, in: 3...193)
        guard kernel % 2 == 1 else { throw parameters.problem("its kernel has an odd number of pixels") }
        reach = kernel / 2
        description = parameters.text
    }

    func output(of input: SampleSpecification) throws(TransformError) -> SampleSpecification {
        try requireImages(input, [.bytes, .greyOrColoured])
        guard reach < min(input.shape[0], input.shape[1]) else {
            throw TransformError(
                self, "needs images of at least \(reach + 1) pixels each way, and these are \(input.shape)")
        }
        return input
    }

    func fill(
        _ output: UnsafeMutablePointer<UInt8>, from input: UnsafePointer<UInt8>, _ image: dptrain_image,
        random: CounterRandom, scratch: TransformScratch
    ) {
        guard random.uniform(0) < probability else { return output.update(from: input, count: image.count) }
        let deviation = Double(random.uniform(1, in: deviation))
        withUnsafeTemporaryAllocation(of: UInt32.self, capacity: 2 * reach + 1) { weights in
            Self.weigh(weights, reach, deviation)
            let rows = UnsafeMutableRawPointer(scratch.room(TransformScratch.rows, bytes: 2 * image.count))
            dptrain_blur(image, input, weights.baseAddress, reach, rows.assumingMemoryBound(to: UInt16.self), output)
        }
    }

    /// Their sum is 65,536: the middle gets what rounding leaves.
    private static func weigh(_ weights: UnsafeMutableBufferPointer<UInt32>, _ reach: Int, _ deviation: Double) {
        func density(_ k: Int) -> Double { exp(-0.5 * Double(k * k) / (deviation * deviation)) }
        let sum = (-reach...reach).reduce(0) { $0 + density($1) }
        var left: UInt32 = 65536
        for k in 1...reach {
            let weight = UInt32((density(k) / sum * 65536).rounded())
            (weights[reach - k], weights[reach + k]) = (weight, weight)
            left -= 2 * weight
        }
        weights[reach] = left
    }
}

struct GaussianNoise: Augmentation {
    static let name = "gaussian-noise"
    static let summary =
        "adds to each value a normal number of this deviation, in levels of bytes, or in units of floats"
    let description: String
    private let deviation: Float

    init(_ parameters: inout AugmentationParameters) throws(OptionError) {
        deviation = try parameters.amount("deviation", standard: 10, atMost: 65536)
        description = parameters.text
    }

    /// Features take noise too.
    func output(of input: SampleSpecification) throws(TransformError) -> SampleSpecification { input }

    func fill(_ output: SamplePlace, from shard: ShardSamples, at index: Int, random: CounterRandom) {
        let samples = shard.specification
        let count = samples.shape.count
        switch samples.form {
        case .bytes:
            let input = shard.values(index).assumingMemoryBound(to: UInt8.self)
            let noisy = output.values.assumingMemoryBound(to: UInt8.self)
            for i in 0..<count {
                let value = Float(input[i]) + deviation * random.normal(UInt64(i))
                noisy[i] = UInt8(min(max(value, 0), 255).rounded())
            }
        case .floats:
            let input = shard.values(index).assumingMemoryBound(to: Float.self)
            let noisy = output.values.assumingMemoryBound(to: Float.self)
            for i in 0..<count { noisy[i] = input[i] + deviation * random.normal(UInt64(i)) }
        }
    }
}
