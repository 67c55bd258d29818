import Basics
import CTransforms

// Transforms that do one operation with a probability.

/// A transform that applies one operation to some of the samples.
protocol SingleOperation: ByteAugmentation {
    var probability: Float { get }
    var operation: ImageOperation { get }
}

extension SingleOperation {
    func fill(
        _ output: UnsafeMutablePointer<UInt8>, from input: UnsafePointer<UInt8>, _ image: dptrain_image,
        random: CounterRandom, scratch: TransformScratch
    ) {
        (random.uniform(0) < probability ? operation : .identity).apply(to: input, image, into: output, scratch)
    }
}

struct Posterize: SingleOperation {
    static let name = "posterize"
    static let summary = "keeps the highest bits of each value"
    let description: String
    let probability: Float
    let operation: ImageOperation

    init(_ parameters: inout AugmentationParameters) throws(OptionError) {
        operation = .posterize(try parameters.count("bits", standard: 4, in: 0...8))
        probability = try parameters.probability(standard: 0.5)
        description = parameters.text
    }
}

struct Solarize: SingleOperation {
    static let name = "solarize"
    static let summary = "inverts the values that are not below a threshold"
    let description: String
    let probability: Float
    let operation: ImageOperation

    init(_ parameters: inout AugmentationParameters) throws(OptionError) {
        operation = .solarize(try parameters.amount("threshold", standard: 128, atMost: 256))
        probability = try parameters.probability(standard: 0.5)
        description = parameters.text
    }
}

struct Sharpness: SingleOperation {
    static let name = "sharpness"
    static let summary = "sharpens an image (factor above 1) or blurs it (below 1)"
    let description: String
    let probability: Float
    let operation: ImageOperation

    init(_ parameters: inout AugmentationParameters) throws(OptionError) {
        operation = .sharpness(try parameters.amount("factor", standard: 2, atMost: 10))
        probability = try parameters.probability(standard: 0.5)
        description = parameters.text
    }
}

struct Autocontrast: SingleOperation {
    static let name = "autocontrast"
    static let summary = "stretches each channel so that it has values from 0 to 255"
    let description: String
    let probability: Float
    let operation = ImageOperation.autocontrast

    init(_ parameters: inout AugmentationParameters) throws(OptionError) {
        probability = try parameters.probability(standard: 0.5)
        description = parameters.text
    }
}

struct Equalize: SingleOperation {
    static let name = "equalize"
    static let summary = "makes all levels of a channel about equally frequent"
    let description: String
    let probability: Float
    let operation = ImageOperation.equalize

    init(_ parameters: inout AugmentationParameters) throws(OptionError) {
        probability = try parameters.probability(standard: 0.5)
        description = parameters.text
    }
}

struct Invert: SingleOperation {
    static let name = "invert"
    static let summary = "turns black into white"
    let description: String
    let probability: Float
    let operation = ImageOperation.invert

    init(_ parameters: inout AugmentationParameters) throws(OptionError) {
        probability = try parameters.probability(standard: 0.5)
        description = parameters.text
    }
}
