import Basics
import CTransforms

// The affine transforms of Keras's `ImageDataGenerator`, each with a range that is drawn from evenly. Those that follow each
// other in a list are one transform. In the order rotation, shifts, shear, zoom they are Keras's.

struct Rotation: AffineAugmentation {
    static let name = "rotation"
    static let summary = "turns an image by up to so many degrees, either way"
    let description: String
    let outside: Outside
    private let degrees: Float

    init(_ parameters: inout AugmentationParameters) throws(OptionError) {
        degrees = try parameters.amount("degrees", standard: 15, atMost: 180)
        outside = try Outside(&parameters)
        description = parameters.text
    }

    func matrix(_ image: dptrain_image, _ random: CounterRandom) -> AffineMatrix {
        .rotation(degrees: random.symmetric(0, degrees))
    }
}

struct WidthShift: AffineAugmentation {
    static let name = "width-shift"
    static let summary = "moves an image left or right, by up to a part of its width, or by pixels from 1 on"
    let description: String
    let outside: Outside
    private let most: Float

    init(_ parameters: inout AugmentationParameters) throws(OptionError) {
        most = try parameters.amount("shift", standard: 0.1, atMost: 65536)
        outside = try Outside(&parameters)
        description = parameters.text
    }

    func matrix(_ image: dptrain_image, _ random: CounterRandom) -> AffineMatrix {
        .shift(x: random.symmetric(0, most) * (most < 1 ? Double(image.width) : 1), y: 0)
    }
}

struct HeightShift: AffineAugmentation {
    static let name = "height-shift"
    static let summary = "moves an image up or down, by up to a part of its height, or by pixels from 1 on"
    let description: String
    let outside: Outside
    private let most: Float

    init(_ parameters: inout AugmentationParameters) throws(OptionError) {
        most = try parameters.amount("shift", standard: 0.1, atMost: 65536)
        outside = try Outside(&parameters)
        description = parameters.text
    }

    func matrix(_ image: dptrain_image, _ random: CounterRandom) -> AffineMatrix {
        .shift(x: 0, y: random.symmetric(0, most) * (most < 1 ? Double(image.height) : 1))
    }
}

struct Shear: AffineAugmentation {
    static let name = "shear"
    static let summary = "leans an image by up to so many degrees, either way"
    let description: String
    let outside: Outside
    private let degrees: Float

    init(_ parameters: inout AugmentationParameters) throws(OptionError) {
        degrees = try parameters.amount("degrees", standard: 10, atMost: 180)
        outside = try Outside(&parameters)
        description = parameters.text
    }

    func matrix(_ image: dptrain_image, _ random: CounterRandom) -> AffineMatrix {
        .shear(degrees: random.symmetric(0, degrees))
    }
}

struct Zoom: AffineAugmentation {
    static let name = "zoom"
    static let summary =
        "shows a part or more of an image: 0.2, or 0.8:1.2, draws that from its width, and from its height on its own"
    let description: String
    let outside: Outside
    private let part: Interval

    init(_ parameters: inout AugmentationParameters) throws(OptionError) {
        part = try parameters.factors("range", standard: 0.2)
        guard part.low > 0 else { throw parameters.problem("its range begins above 0") }
        outside = try Outside(&parameters)
        description = parameters.text
    }

    func matrix(_ image: dptrain_image, _ random: CounterRandom) -> AffineMatrix {
        .zoom(x: Double(random.uniform(0, in: part)), y: Double(random.uniform(1, in: part)))
    }
}

extension CounterRandom {
    /// Uniform within `reach` of 0.
    func symmetric(_ index: UInt64, _ reach: Float) -> Double { Double(reach * (2 * uniform(index) - 1)) }
}
