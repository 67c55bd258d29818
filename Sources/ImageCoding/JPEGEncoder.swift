import CJPEG

/// Writes baseline JPEG as Pillow does by default: colours at half the resolution (4:2:0), standard Huffman tables. One thread
/// uses an encoder, which keeps its memory from one image to the next.
public final class JPEGEncoder {
    private let encoder: UnsafeMutablePointer<cjpeg_encoder>

    public init() throws(ImageError) {
        guard let encoder = cjpeg_new_encoder() else { throw .outOfMemory }
        self.encoder = encoder
    }

    deinit { cjpeg_free_encoder(encoder) }

    /// The bytes stay until the next call.
    ///
    /// - Parameters:
    ///   - pixels: of 1 or 3 channels.
    ///   - quality: 1...100.
    public func encode(_ pixels: PixelView, quality: Int) throws(ImageError) -> UnsafeRawBufferPointer {
        precondition((1...100).contains(quality), "a quality of 1...100")
        let (width, height) = (pixels.region.width, pixels.region.height)
        guard let columns = UInt32(exactly: width), let rows = UInt32(exactly: height),
            cjpeg_encode(
                encoder, pixels.base, pixels.rowBytes, columns, rows, Int32(pixels.channels), Int32(quality)) != 0
        else { throw .unsupported(reason: "\(pixels.region.size) pixels cannot be written as JPEG") }
        return UnsafeRawBufferPointer(start: encoder.pointee.bytes, count: encoder.pointee.count)
    }
}
