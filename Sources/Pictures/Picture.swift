/// Pixels in rows from the top, one channel (grey) or three (red, green, blue), 0...255 each.
public struct Picture: Equatable, Sendable {
    public let width: Int
    public let height: Int
    public let channels: Int
    /// [height, width, channels]
    public var bytes: [UInt8]

    public init(width: Int, height: Int, channels: Int, bytes: [UInt8]) {
        precondition(channels == 1 || channels == 3, "a picture is grey or coloured")
        precondition(bytes.count == width * height * channels, "a byte a value")
        self.width = width
        self.height = height
        self.channels = channels
        self.bytes = bytes
    }

    public init(width: Int, height: Int, channels: Int, fill: UInt8) {
        let bytes = [UInt8](repeating: fill, count: width * height * channels)
        self.init(width: width, height: height, channels: channels, bytes: bytes)
    }

    /// Copies a picture of as many channels into this one, `scale` pixels for each of its own.
    mutating func paste(_ picture: Picture, x: Int, y: Int, scale: Int) {
        precondition(picture.channels == channels, "pictures of the same channels")
        for row in 0..<picture.height * scale {
            for column in 0..<picture.width * scale {
                let from = (row / scale * picture.width + column / scale) * channels
                let to = ((y + row) * width + x + column) * channels
                for c in 0..<channels { bytes[to + c] = picture.bytes[from + c] }
            }
        }
    }
}

/// Something that is no picture, or not one that can be read here.
extension Picture {
    /// Letters of the texts that pictures have no shape for: those that are neither Latin nor Greek nor Cyrillic.
    public static func lettersDrawnAsBoxes(in texts: [String]) -> [Character] { StrokeFont.missing(in: texts) }
}

public struct PictureError: Error, Equatable, CustomStringConvertible {
    public let description: String
    public init(_ description: String) { self.description = description }
}
