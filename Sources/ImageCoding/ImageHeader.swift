import Basics

/// What an image's bytes say of it before they are decoded.
public struct ImageHeader: Equatable, Sendable {
    public enum Format: String, Sendable { case jpeg = "JPEG", png = "PNG", webp = "WebP" }
    /// How colours are stored.
    public enum Color: Sendable { case grey, rgb, palette, cmyk }

    public let format: Format
    /// As stored: `orientation` is not applied.
    public let size: PixelSize
    public let color: Color
    /// Some pixels may be transparent.
    public let hasAlpha: Bool
    /// Bits of a stored value; of a palette's index.
    public let bits: Int
    public let orientation: Orientation
    public let isAnimated: Bool

    /// Reads the header of an image of any format. The format is told by the first bytes.
    public init(_ bytes: UnsafeRawBufferPointer, limits: ImageLimits = ImageLimits()) throws(ImageError) {
        switch Self.format(of: bytes) {
        case .jpeg: self = try Self.jpeg(ByteReader(bytes))
        case .png: self = try Self.png(ByteReader(bytes))
        case .webp: self = try Self.webp(ByteReader(bytes))
        case nil: throw .unknownFormat
        }
        try limits.check(size)
    }

    init(
        format: Format, size: PixelSize, color: Color, hasAlpha: Bool = false, bits: Int = 8,
        orientation: Orientation = .upright, isAnimated: Bool = false
    ) {
        self.format = format
        self.size = size
        self.color = color
        self.hasAlpha = hasAlpha
        self.bits = bits
        self.orientation = orientation
        self.isAnimated = isAnimated
    }

    /// Looks at the first 12 bytes only; nil for anything else.
    public static func format(of bytes: UnsafeRawBufferPointer) -> Format? {
        if bytes.starts(with: [0xFF, 0xD8, 0xFF]) { return .jpeg }
        if bytes.starts(with: [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]) { return .png }
        if bytes.starts(with: "RIFF".utf8), bytes.dropFirst(8).starts(with: "WEBP".utf8) { return .webp }
        return nil
    }

    /// The size of the upright image.
    public var uprightSize: PixelSize { orientation.turned(size) }

    /// How far decoding may reduce a JPEG that is wanted in `wanted` pixels, as Pillow's `draft` chooses it: neither side
    /// becomes smaller than wanted. `wanted` is of the stored image. Other formats are not reduced.
    public func reduction(for wanted: PixelSize) -> Reduction {
        guard format == .jpeg, wanted.width > 0, wanted.height > 0 else { return .none }
        let factor = min(size.width / wanted.width, size.height / wanted.height)
        return [.eighth, .quarter, .half].first { $0.rawValue <= factor } ?? .none
    }
}

/// By how much a JPEG is reduced while it is decoded.
public enum Reduction: Int, Sendable, CaseIterable {
    case none = 1
    case half = 2
    case quarter = 4
    case eighth = 8

    /// The size to which an image is reduced.
    public func reduced(_ size: PixelSize) -> PixelSize {
        PixelSize(
            width: size.width.dividedRoundingUp(by: rawValue), height: size.height.dividedRoundingUp(by: rawValue))
    }
}
