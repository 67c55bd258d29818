import Basics

/// Decodes JPEG, PNG and WebP images to bytes, grey or RGB. One thread uses a decoder, which keeps its memory from one image
/// to the next: as much as the largest so far has taken.
///
/// Pixels are those of Pillow's `convert("RGB")` and `convert("L")`, but that a coloured JPEG decoded as grey is its luma,
/// as with Pillow's `draft("L", ...)`. Transparency is dropped, 16 bits are cut to 8, a palette is looked up, CMYK is
/// converted without a profile.
public final class ImageDecoder {
    public let limits: ImageLimits
    private let jpeg: JPEGReader
    private var pixels = PixelMemory()
    private var turned = PixelMemory()

    public init(limits: ImageLimits = ImageLimits()) throws(ImageError) {
        self.limits = limits
        jpeg = try JPEGReader(limits)
    }

    /// Decodes an image, or at least a region of it. The pixels stay until the next call.
    ///
    /// - Parameters:
    ///   - bytes: a JPEG, PNG or WebP file.
    ///   - channels: 1 or 3.
    ///   - reduction: of JPEG images; see `ImageHeader.reduction(for:)`.
    ///   - region: what is wanted of the reduced image (of the upright one, if `upright`). More may be given. Pixels are the
    ///     same as when all are decoded. What a JPEG has below its region is not looked at, so damage there is not seen.
    ///   - upright: whether the EXIF orientation is applied.
    public func decode(
        _ bytes: UnsafeRawBufferPointer, channels: Int, reduction: Reduction = .none, region: PixelRect? = nil,
        upright: Bool = false
    ) throws(ImageError) -> PixelView {
        precondition(channels == 1 || channels == 3, "grey or coloured")
        let header = try ImageHeader(bytes, limits: limits)
        guard !header.isAnimated else { throw .unsupported(reason: "it is animated") }
        precondition(reduction == .none || header.format == .jpeg, "only JPEG is reduced")
        let size = reduction.reduced(header.size)
        let orientation = upright ? header.orientation : .upright
        let wanted = region.map { orientation.stored($0, in: size) } ?? PixelRect(size)
        precondition(PixelRect(size).contains(wanted) && wanted.width > 0 && wanted.height > 0, "a region of the image")
        let decoded =
            switch header.format {
            case .jpeg: try jpeg.decode(bytes, header, channels, reduction, wanted, into: &pixels)
            case .png: try PNGReader.decode(bytes, header, channels, rows: wanted.y + wanted.height, into: &pixels)
            case .webp: try WebP.decode(bytes, header, channels, into: &pixels)
            }
        guard orientation != .upright else { return decoded }
        return orientation.turn(decoded, into: &turned)
    }
}
