import Basics
import ImageCoding
import Transforms

/// Makes of an image file what is stored: the file itself, a new one, or pixels of one size. One thread uses a preparer.
///
/// Each image is decoded whole, so that what is stored is known to be sound.
final class ImagePreparer {
    private let options: ImageOptions
    private let limits: ImageLimits
    private let decoder: ImageDecoder
    private let encoder: JPEGEncoder
    private let resampler = Resampler()
    private var small = AlignedBuffer<UInt8>(count: 0)
    private var crop = AlignedBuffer<UInt8>(count: 0)

    init(_ options: ImageOptions) throws(ImageError) {
        self.options = options
        limits = ImageLimits(maxPixels: options.maxPixels)
        decoder = try ImageDecoder(limits: limits)
        encoder = try JPEGEncoder()
    }

    /// Appends what is stored to `output`, and the decoded pixels to `statistics`: those stored, or, of a file that is written
    /// anew, those before JPEG's loss.
    func prepare(
        _ bytes: [UInt8], into output: inout [UInt8], _ statistics: inout ChannelStatistics?
    ) throws(ImageError) -> ImageChange {
        var failure: ImageError?
        let change = bytes.withUnsafeBytes { file -> ImageChange in
            do throws(ImageError) {
                return try prepare(file, into: &output, &statistics)
            } catch {
                failure = error
                return .none
            }
        }
        if let failure { throw failure }
        return change
    }

    private func prepare(
        _ file: UnsafeRawBufferPointer, into output: inout [UInt8], _ statistics: inout ChannelStatistics?
    ) throws(ImageError) -> ImageChange {
        guard !file.isEmpty else { throw .truncated }
        if let other = OtherFormat.name(of: file) {
            throw .unsupported(reason: "it is \(other), which is not read; convert it to JPEG or PNG")
        }
        let header = try ImageHeader(file, limits: limits)
        let pixels = try decoder.decode(file, channels: options.channels, upright: true)
        if let size = options.size {
            let cropped = cropped(pixels, to: size)
            statistics?.add(cropped)
            output += cropped
            return .none
        }
        if let side = options.shortestSide {
            let stored = shrunk(pixels, to: side)
            statistics?.add(stored)
            output += try encoder.encode(stored, quality: options.quality)
            return .resized
        }
        statistics?.add(pixels)
        let change = change(of: header)
        output += change == .none ? file : try encoder.encode(pixels, quality: options.quality)
        return change
    }

    private func change(of header: ImageHeader) -> ImageChange {
        if header.orientation != .upright { return .turned }
        if header.color == .cmyk { return .cmyk }
        if header.bits > 8 { return .deep }
        return options.isGrey && header.color != .grey ? .grey : .none
    }

    /// An image of which the shorter side is `side`. A smaller one stays as it is.
    private func shrunk(_ pixels: PixelView, to side: Int) -> PixelView {
        let image = pixels.imageSize
        let shorter = min(image.width, image.height)
        guard shorter > side else { return pixels }
        let size = PixelSize(width: image.width * side / shorter, height: image.height * side / shorter)
        let rowBytes = size.width * pixels.channels
        if small.count < rowBytes * size.height { small = AlignedBuffer(count: rowBytes * size.height) }
        resampler.resize(pixels, Resampler.Box(image), to: size, .bilinear, into: small.baseAddress)
        return PixelView(
            base: small.baseAddress, rowBytes: rowBytes, channels: pixels.channels, region: PixelRect(size),
            imageSize: size)
    }

    /// The middle of the smallest image with the same proportions that holds `size`.
    private func cropped(_ pixels: PixelView, to size: PixelSize) -> UnsafeBufferPointer<UInt8> {
        let image = pixels.imageSize
        let isWide = image.width * size.height > image.height * size.width
        let whole =
            isWide
            ? PixelSize(width: image.width * size.height / image.height, height: size.height)
            : PixelSize(width: size.width, height: image.height * size.width / image.width)
        let middle = PixelRect(
            x: Self.half(whole.width - size.width), y: Self.half(whole.height - size.height), width: size.width,
            height: size.height)
        let count = size.width * size.height * pixels.channels
        if crop.count < count { crop = AlignedBuffer(count: count) }
        if whole == image {
            pixels.copy(middle, to: crop.baseAddress)
        } else {
            let across = Double(image.width) / Double(whole.width)
            let down = Double(image.height) / Double(whole.height)
            let box = Resampler.Box(
                left: Double(middle.x) * across, top: Double(middle.y) * down,
                right: min(Double(middle.x + middle.width) * across, Double(image.width)),
                bottom: min(Double(middle.y + middle.height) * down, Double(image.height)))
            resampler.resize(pixels, box, to: size, .bilinear, into: crop.baseAddress)
        }
        return UnsafeBufferPointer(start: crop.baseAddress, count: count)
    }

    /// As torchvision's `center_crop` rounds.
    private static func half(_ difference: Int) -> Int { Int((Double(difference) / 2).rounded(.toNearestOrEven)) }
}

/// Formats of images that people have, and that are not read here.
private enum OtherFormat {
    static func name(of bytes: UnsafeRawBufferPointer) -> String? {
        let known: [(offset: Int, magic: String, name: String)] = [
            (0, "GIF8", "a GIF"), (0, "BM", "a BMP"), (0, "II*\u{0}", "a TIFF"), (0, "MM\u{0}*", "a TIFF"),
            (4, "ftyphei", "a HEIC"), (4, "ftypavif", "an AVIF"), (4, "ftypmif1", "a HEIC"), (0, "%PDF", "a PDF"),
        ]
        return known.first { bytes.dropFirst($0.offset).starts(with: $0.magic.utf8) }?.name
    }
}

extension ChannelStatistics {
    mutating func add(_ pixels: PixelView) {
        for y in 0..<pixels.region.height {
            add(
                UnsafeBufferPointer(
                    start: pixels.base + y * pixels.rowBytes, count: pixels.region.width * pixels.channels))
        }
    }
}
