import ImageCoding

extension Picture {
    /// Reads a JPEG, PNG or WebP file. `name` is what errors call it.
    public init(decoding bytes: [UInt8], name: String) throws(PictureError) {
        do {
            self = try bytes.withUnsafeBytes { bytes in
                let channels = try ImageHeader(bytes).color == .grey ? 1 : 3
                let view = try ImageDecoder().decode(bytes, channels: channels, upright: true)
                return Picture(
                    width: view.region.width, height: view.region.height, channels: channels,
                    bytes: view.copy(view.region))
            }
        } catch {
            throw PictureError("\(name): \(error)")
        }
    }

    /// The picture as a PNG file.
    public func png() throws(PictureError) -> [UInt8] {
        do {
            return try bytes.withUnsafeBufferPointer { bytes in
                guard let base = bytes.baseAddress else { throw ImageError.damaged(reason: "it has no pixels") }
                let size = PixelSize(width: width, height: height)
                return try PNGEncoder.encode(PixelView(base, size, channels: channels))
            }
        } catch {
            throw PictureError("the picture: \(error)")
        }
    }
}
