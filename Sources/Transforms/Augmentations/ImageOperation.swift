import Basics
import CTransforms
import Glibc

/// What can be done to an image of bytes, with all that chance decides already drawn. The meanings are Pillow's, as
/// torchvision's functional operations have them, and so are the bytes, to one level.
package enum ImageOperation: Equatable {
    case identity
    /// Moves each row by its number times a factor, so that the upper left corner stays.
    case shearX(Float)
    /// The same for columns.
    case shearY(Float)
    /// To the right, by whole pixels.
    case translateX(Int)
    case translateY(Int)
    /// Against the clock.
    case rotate(degrees: Float)
    /// Factors: 0 is black, grey or blurred, and 1 the image itself.
    case brightness(Float)
    case saturation(Float)
    case contrast(Float)
    case sharpness(Float)
    /// In turns.
    case hue(Float)
    /// Keeps so many bits.
    case posterize(Int)
    /// Inverts what is not below a threshold.
    case solarize(Float)
    case autocontrast
    case equalize
    case invert
    /// Adds to levels below 128.
    case solarizeAdd(Int)
    /// Moves pixels with interpolation; gaps get the colour.
    case moved(Motion, Resampling, FillColor)

    /// Of places in the input, in pixels.
    package enum Motion: Equatable {
        case shearX(Float), shearY(Float), translateX(Float), translateY(Float), rotate(degrees: Float)
    }

    package enum Resampling: CaseIterable { case bilinear, bicubic }

    /// Gaps are filled with `value`.
    package func apply(
        to input: UnsafePointer<UInt8>, _ image: dptrain_image, into output: UnsafeMutablePointer<UInt8>,
        filling value: UInt8 = 0, _ scratch: TransformScratch
    ) {
        switch self {
        case .identity: output.update(from: input, count: image.count)
        case .shearX(let part): warp(input, image, output, value, .corner(xy: Double(part)))
        case .shearY(let part): warp(input, image, output, value, .corner(yx: Double(part)))
        case .translateX(let pixels):
            warp(input, image, output, value, AffineMatrix.shift(x: Double(-pixels), y: 0).kernel(image))
        case .translateY(let pixels):
            warp(input, image, output, value, AffineMatrix.shift(x: 0, y: Double(-pixels)).kernel(image))
        case .rotate(let degrees):
            warp(input, image, output, value, AffineMatrix.rotation(degrees: Double(degrees)).kernel(image))
        case .brightness(let factor):
            lookUp(input, image, output) { Self.blend(0, $0, Self.fixed(factor)) }
        case .contrast(let factor):
            let mean = Self.mean(input, image)
            lookUp(input, image, output) { Self.blend(mean, $0, Self.fixed(factor)) }
        case .saturation(let factor) where image.channels == 3:
            dptrain_saturate(input, image.pixels, Self.fixed(factor), output)
        case .hue(let turns) where image.channels == 3: dptrain_turn_hue(input, image.pixels, turns, output)
        case .saturation, .hue: output.update(from: input, count: image.count)
        case .sharpness(let factor): dptrain_sharpen(image, input, Self.fixed(factor), output)
        case .posterize(let bits):
            let mask = UInt8(truncatingIfNeeded: 0xFF << (8 - bits))
            lookUp(input, image, output) { UInt8($0) & mask }
        case .solarize(let threshold):
            lookUp(input, image, output) { UInt8(Float($0) < threshold ? $0 : 255 - $0) }
        case .invert: lookUp(input, image, output) { UInt8(255 - $0) }
        case .solarizeAdd(let amount):
            lookUp(input, image, output) { UInt8(clamping: $0 < 128 ? $0 + Int32(amount) : $0) }
        case .moved(let motion, let resampling, let color):
            var affine = motion.affine(image)
            color.withBytes(channels: image.channels) {
                dptrain_warp_smooth(image, input, &affine, resampling == .bicubic, $0, output)
            }
        case .autocontrast: spread(input, image, output, scratch, Self.stretched)
        case .equalize: spread(input, image, output, scratch, Self.equalized)
        }
    }

    private func warp(
        _ input: UnsafePointer<UInt8>, _ image: dptrain_image, _ output: UnsafeMutablePointer<UInt8>, _ value: UInt8,
        _ affine: dptrain_affine
    ) {
        var affine = affine
        dptrain_warp_nearest(image, input, &affine, value, output)
    }

    // MARK: Values

    /// With 16 bits of fraction.
    private static func fixed(_ factor: Float) -> Int32 { Int32((factor * 65536).rounded()) }

    /// Between two levels and beyond, cut off as Pillow does.
    private static func blend(_ first: Int32, _ second: Int32, _ factor: Int32) -> UInt8 {
        UInt8(clamping: (first << 16 + (second - first) * factor) >> 16)
    }

    private func lookUp(
        _ input: UnsafePointer<UInt8>, _ image: dptrain_image, _ output: UnsafeMutablePointer<UInt8>,
        _ level: (Int32) -> UInt8
    ) {
        withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 256) { table in
            for i in 0..<256 { table[i] = level(Int32(i)) }
            dptrain_look_up(table.baseAddress, 1, input, image.count, output)
        }
    }

    /// The mean of the luma, rounded.
    private static func mean(_ input: UnsafePointer<UInt8>, _ image: dptrain_image) -> Int32 {
        var sum: UInt64 = 0
        if image.channels == 3 {
            sum = dptrain_luma_sum(input, image.pixels)
        } else {
            for i in 0..<image.count { sum &+= UInt64(input[i]) }
        }
        return Int32((Double(sum) / Double(image.pixels) + 0.5).rounded(.down))
    }

    /// A table for each channel, of how often its levels occur.
    private func spread(
        _ input: UnsafePointer<UInt8>, _ image: dptrain_image, _ output: UnsafeMutablePointer<UInt8>,
        _ scratch: TransformScratch,
        _ fill: (_ counts: UnsafePointer<UInt32>, _ table: UnsafeMutablePointer<UInt8>) -> Void
    ) {
        let channels = image.channels
        let counts = UnsafeMutableRawPointer(scratch.room(TransformScratch.counts, bytes: channels * 256 * 5))
            .assumingMemoryBound(to: UInt32.self)
        let tables = UnsafeMutableRawPointer(counts + channels * 256).assumingMemoryBound(to: UInt8.self)
        dptrain_histogram(input, image.pixels, channels, counts)
        for c in 0..<channels { fill(counts + c * 256, tables + c * 256) }
        dptrain_look_up(tables, channels, input, image.count, output)
    }

    /// Pillow's `autocontrast`: the levels that occur become all from 0 to 255.
    private static func stretched(_ counts: UnsafePointer<UInt32>, _ table: UnsafeMutablePointer<UInt8>) {
        let low = (0..<256).first { counts[$0] > 0 } ?? 0
        let high = (0..<256).last { counts[$0] > 0 } ?? 0
        for level in 0..<256 {
            guard high > low else {
                table[level] = UInt8(level)
                continue
            }
            let scale = 255 / Double(high - low)
            table[level] = UInt8(min(max(Double(level) * scale - Double(low) * scale, 0), 255))
        }
    }

    /// Pillow's `equalize`: levels become about equally frequent.
    private static func equalized(_ counts: UnsafePointer<UInt32>, _ table: UnsafeMutablePointer<UInt8>) {
        let all = (0..<256).reduce(0) { $0 + Int(counts[$1]) }
        let last = (0..<256).last { counts[$0] > 0 } ?? 0
        let step = (all - Int(counts[last])) / 255
        var sum = step / 2
        for level in 0..<256 {
            table[level] = step > 0 ? UInt8(min(sum / step, 255)) : UInt8(level)
            sum += Int(counts[level])
        }
    }
}

extension ImageOperation.Motion {
    fileprivate func affine(_ image: dptrain_image) -> dptrain_affine {
        switch self {
        case .shearX(let part): .corner(xy: Double(part))
        case .shearY(let part): .corner(yx: Double(part))
        case .translateX(let pixels): AffineMatrix.shift(x: Double(pixels), y: 0).kernel(image)
        case .translateY(let pixels): AffineMatrix.shift(x: 0, y: Double(pixels)).kernel(image)
        case .rotate(let degrees): AffineMatrix.rotation(degrees: Double(degrees)).kernel(image)
        }
    }
}

extension dptrain_affine {
    /// A shear around the upper left corner of the image.
    fileprivate static func corner(xy: Double = 0, yx: Double = 0) -> dptrain_affine {
        dptrain_affine(xx: 1, xy: xy, x0: xy / 2, yx: yx, yy: 1, y0: yx / 2)
    }
}

extension TransformScratch {
    // What each piece of scratch memory is for, so that an operation and its caller use different ones.
    static let counts = 0
    static let rows = 1
    static let images = 2

    /// Applies operations one after the other.
    func apply(
        _ operations: some Sequence<ImageOperation>, to input: UnsafePointer<UInt8>, _ image: dptrain_image,
        into output: UnsafeMutablePointer<UInt8>, filling value: UInt8 = 0
    ) {
        var source = input
        var pending: ImageOperation?
        var number = 0
        for operation in operations where operation != .identity {
            if let pending {
                let target = room(Self.images + number % 2, bytes: image.count)
                pending.apply(to: source, image, into: target, filling: value, self)
                source = UnsafePointer(target)
                number += 1
            }
            pending = operation
        }
        (pending ?? .identity).apply(to: source, image, into: output, filling: value, self)
    }
}
