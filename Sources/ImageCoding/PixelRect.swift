public struct PixelSize: Equatable, Sendable, CustomStringConvertible {
    public var width: Int
    public var height: Int

    public init(width: Int, height: Int) {
        self.width = width
        self.height = height
    }

    public var description: String { "\(width)x\(height)" }
}

/// A rectangle of whole pixels.
public struct PixelRect: Equatable, Sendable {
    /// Of its upper left pixel.
    public var x: Int
    public var y: Int
    public var width: Int
    public var height: Int

    public init(x: Int, y: Int, width: Int, height: Int) {
        self.x = x
        self.y = y
        self.width = width
        self.height = height
    }

    /// The whole of an image.
    public init(_ size: PixelSize) { self.init(x: 0, y: 0, width: size.width, height: size.height) }

    public var size: PixelSize { PixelSize(width: width, height: height) }

    public func contains(_ other: PixelRect) -> Bool {
        x <= other.x && y <= other.y && other.x + other.width <= x + width && other.y + other.height <= y + height
    }
}

/// Pixels in memory: an image, or a part of it.
public struct PixelView {
    /// The first value of the part's upper left pixel.
    public let base: UnsafePointer<UInt8>
    /// From a row to the one below it.
    public let rowBytes: Int
    /// 1 (grey) or 3 (red, green, blue).
    public let channels: Int
    /// The part of the image that is there.
    public let region: PixelRect
    /// The size of the whole image.
    public let imageSize: PixelSize
    /// Keeps the memory, if that is not the caller's task.
    private let owner: AnyObject?

    public init(
        base: UnsafePointer<UInt8>, rowBytes: Int, channels: Int, region: PixelRect, imageSize: PixelSize,
        owner: AnyObject? = nil
    ) {
        self.base = base
        self.rowBytes = rowBytes
        self.channels = channels
        self.region = region
        self.imageSize = imageSize
        self.owner = owner
    }

    /// A whole image, its rows one after the other.
    public init(_ base: UnsafePointer<UInt8>, _ size: PixelSize, channels: Int) {
        self.init(
            base: base, rowBytes: size.width * channels, channels: channels, region: PixelRect(size), imageSize: size)
    }

    /// A part of the image, which must be there: [height, width, channels].
    public func copy(_ rect: PixelRect) -> [UInt8] {
        [UInt8](unsafeUninitializedCapacity: rect.width * rect.height * channels) { output, count in
            if let base = output.baseAddress { copy(rect, to: base) }
            count = output.count
        }
    }

    /// Copies a part of the image, which must be there.
    public func copy(_ rect: PixelRect, to output: UnsafeMutablePointer<UInt8>) {
        precondition(region.contains(rect), "pixels that are not there")
        let row = rect.width * channels
        let first = base + (rect.y - region.y) * rowBytes + (rect.x - region.x) * channels
        for y in 0..<rect.height { (output + y * row).update(from: first + y * rowBytes, count: row) }
    }
}
