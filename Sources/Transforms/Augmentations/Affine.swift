import Basics
import CTransforms
import Glibc

/// What lies outside an image. The words are those of Keras's `fill_mode` and of SciPy's `mode`, and so is what they mean.
package enum FillMode: String, CaseIterable {
    case nearest, constant, reflect, wrap
    /// Like `reflect`, without the border a second time: what PyTorch calls reflect.
    case mirror

    package var kernel: dptrain_fill {
        switch self {
        case .nearest: dptrain_fill_nearest
        case .constant: dptrain_fill_constant
        case .reflect: dptrain_fill_reflect
        case .wrap: dptrain_fill_wrap
        case .mirror: dptrain_fill_mirror
        }
    }
}

/// Where in its input the values of an output come from: x is the column, y the row, from the middle of the image.
package struct AffineMatrix: Equatable {
    var xx = 1.0
    var xy = 0.0
    var x0 = 0.0
    var yx = 0.0
    var yy = 1.0
    var y0 = 0.0

    package static func rotation(degrees: Double) -> AffineMatrix {
        let (sine, cosine) = (sin(degrees * .pi / 180), cos(degrees * .pi / 180))
        return AffineMatrix(xx: cosine, xy: -sine, yx: sine, yy: cosine)
    }

    package static func shift(x: Double, y: Double) -> AffineMatrix { AffineMatrix(x0: x, y0: y) }

    package static func shear(degrees: Double) -> AffineMatrix {
        AffineMatrix(xy: -sin(degrees * .pi / 180), yy: cos(degrees * .pi / 180))
    }

    package static func zoom(x: Double, y: Double) -> AffineMatrix { AffineMatrix(xx: x, yy: y) }

    /// The matrix of `first` and then `second`, applied to an image.
    package static func * (first: AffineMatrix, second: AffineMatrix) -> AffineMatrix {
        AffineMatrix(
            xx: first.xx * second.xx + first.xy * second.yx, xy: first.xx * second.xy + first.xy * second.yy,
            x0: first.xx * second.x0 + first.xy * second.y0 + first.x0,
            yx: first.yx * second.xx + first.yy * second.yx, yy: first.yx * second.xy + first.yy * second.yy,
            y0: first.yx * second.x0 + first.yy * second.y0 + first.y0)
    }

    /// The same for places that are counted from the first pixel of an image.
    package func kernel(_ image: dptrain_image) -> dptrain_affine {
        let (x, y) = (Double(image.width - 1) / 2, Double(image.height - 1) / 2)
        return dptrain_affine(
            xx: xx, xy: xy, x0: x0 + x - xx * x - xy * y, yx: yx, yy: yy, y0: y0 + y - yx * x - yy * y)
    }
}

/// A transform that moves the pixels of an image along an affine map.
protocol AffineAugmentation: Augmentation, ImageTransform {
    var outside: Outside { get }
    func matrix(_ image: dptrain_image, _ random: CounterRandom) -> AffineMatrix
}

/// What is drawn where a moved image leaves a gap: the parameters `fill` and `value`.
struct Outside: Equatable {
    let mode: FillMode
    /// Of the mode `constant`.
    let value: Float

    init(_ mode: FillMode, value: Float = 0) { (self.mode, self.value) = (mode, value) }

    init(_ parameters: inout AugmentationParameters, standard: FillMode = .nearest) throws(OptionError) {
        mode = try parameters.word("fill", standard: standard)
        value = try parameters.amount("value", standard: 0, atMost: 255)
    }
}

extension AffineAugmentation {
    public func fill(_ output: SamplePlace, from shard: ShardSamples, at index: Int, random: CounterRandom) {
        AffineWarp(self).fill(output, from: shard, at: index, random: random)
    }
}

/// Affine transforms one after the other, with one interpolation, as Keras's `ImageDataGenerator` does it: bilinear, around
/// the middle of the image.
struct AffineWarp: ImageTransform {
    private let parts: [any AffineAugmentation]
    private let outside: Outside

    init(_ part: any AffineAugmentation) { (parts, outside) = ([part], part.outside) }

    private init(_ parts: [any AffineAugmentation], _ outside: Outside) {
        (self.parts, self.outside) = (parts, outside)
    }

    /// Nil for a transform that fills gaps in another way.
    func followed(by next: any AffineAugmentation) -> AffineWarp? {
        next.outside == outside ? AffineWarp(parts + [next], outside) : nil
    }

    var description: String { parts.map(\.description).joined(separator: ", ") }
    var inEvaluation: (any SampleTransform)? { nil }

    func fill(_ output: SamplePlace, from shard: ShardSamples, at index: Int, random: CounterRandom) {
        let image = dptrain_image(shard.specification.shape)
        var matrix = AffineMatrix()
        for (number, part) in parts.enumerated() {
            matrix = matrix * part.matrix(image, number == 0 ? random : random.part(number))
        }
        var affine = matrix.kernel(image)
        switch shard.specification.form {
        case .bytes:
            dptrain_warp_bytes(
                image, shard.values(index).assumingMemoryBound(to: UInt8.self), &affine, outside.mode.kernel,
                UInt8(outside.value.rounded()), output.values.assumingMemoryBound(to: UInt8.self))
        case .floats:
            dptrain_warp_floats(
                image, shard.values(index).assumingMemoryBound(to: Float.self), &affine, outside.mode.kernel,
                outside.value, output.values.assumingMemoryBound(to: Float.self))
        }
    }
}
