/// Why an image cannot be decoded. The description completes a sentence that begins with the image's name.
public enum ImageError: Error, Equatable, CustomStringConvertible {
    /// The bytes begin as no format does that is read here.
    case unknownFormat
    /// The bytes end before the image does.
    case truncated
    case damaged(reason: String)
    /// A sound image of a kind that is not read.
    case unsupported(reason: String)
    /// The header promises more pixels than `ImageLimits` allows.
    case tooLarge(PixelSize, limits: ImageLimits)
    case outOfMemory

    public var description: String {
        switch self {
        case .unknownFormat: "it is neither JPEG nor PNG nor WebP"
        case .truncated: "it is cut off"
        case .damaged(let reason): "it is damaged: \(reason)"
        case .unsupported(let reason): reason
        case .tooLarge(let size, let limits) where size.width > limits.maxSide || size.height > limits.maxSide:
            "it has \(size) pixels, more than the \(limits.maxSide) that a side may have"
        case .tooLarge(let size, let limits): "it has \(size) pixels, more than the \(limits.maxPixels) allowed"
        case .outOfMemory: "there is no memory to decode it"
        }
    }
}

/// What an image may take, so that a few bytes cannot ask for all memory. Decoding takes up to 15 bytes a pixel.
public struct ImageLimits: Equatable, Sendable {
    /// Width times height.
    public var maxPixels: Int
    public var maxSide: Int
    /// Of a progressive JPEG. Encoders write about ten.
    public var maxScans: Int

    /// The default number of pixels is the one from which on Pillow refuses an image.
    public init(maxPixels: Int = 178_956_970, maxSide: Int = 65_535, maxScans: Int = 100) {
        self.maxPixels = maxPixels
        self.maxSide = maxSide
        self.maxScans = maxScans
    }

    func check(_ size: PixelSize) throws(ImageError) {
        guard size.width > 0, size.height > 0 else { throw .damaged(reason: "it has no pixels") }
        guard size.width <= maxSide, size.height <= maxSide, size.width <= maxPixels / size.height else {
            throw .tooLarge(size, limits: self)
        }
    }
}
