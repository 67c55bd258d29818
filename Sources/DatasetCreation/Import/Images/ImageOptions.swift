import Basics
import ImageCoding
import ImportSources

/// How image files become samples.
public struct ImageOptions: Sendable, Equatable {
    public enum Parts: Sendable, Equatable {
        case count(Int)
        /// Bytes of the source's files in a part.
        case bytes(Int)
    }

    /// Raw pixels of this size are written; nil writes images as files.
    public var size: PixelSize?
    /// All files are written anew as JPEG, with a shorter side of at most this.
    public var shortestSide: Int?
    /// Of files that are written anew.
    public var quality = 95
    /// One channel instead of three.
    public var isGrey = false
    /// Images of more are refused before they are decoded.
    public var maxPixels = ImageLimits().maxPixels
    /// Whether images that cannot be used are left out, instead of ending the import.
    public var skipsBadImages = false
    /// Nil: one file.
    public var parts: Parts?

    public init() {}

    var channels: Int { isGrey ? 1 : 3 }

    static let mostParts = 99_999

    /// All that decides about the bytes that are written, apart from the source. Files that are left out in one import and end
    /// another make no difference to what both write.
    var signature: String {
        let size = size.map { "\($0)" } ?? "files"
        return "\(size) shortest \(shortestSide ?? 0) quality \(quality) channels \(channels) pixels \(maxPixels)"
    }

    /// Formats with pixels of one size have no use for these options.
    func requireUnused(by format: String) throws(ImportError) {
        let standard = ImageOptions()
        let given = [
            ("size", size != standard.size), ("resize", shortestSide != standard.shortestSide),
            ("quality", quality != standard.quality), ("grey", isGrey != standard.isGrey),
            ("max-pixels", maxPixels != standard.maxPixels), ("on-bad-image", skipsBadImages),
            ("parts or --part-size", parts != nil),
        ]
        if let option = given.first(where: \.1) {
            throw .badOption(option.0, reason: "it is for image files, and this is \(format)")
        }
    }
}

/// Why an image is not stored as it was.
enum ImageChange: Int, CaseIterable {
    case none, turned, cmyk, deep, grey, resized

    /// Completes `12 `.
    var text: String {
        switch self {
        case .none: "as they were"
        case .turned: "turned upright (EXIF)"
        case .cmyk: "from CMYK"
        case .deep: "from 16 bits"
        case .grey: "from colours to grey"
        case .resized: "resized"
        }
    }
}
