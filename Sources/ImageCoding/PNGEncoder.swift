import CPNG

/// Writes PNG of 8 bits, grey or RGB.
public enum PNGEncoder {
    public static func encode(_ pixels: PixelView) throws(ImageError) -> [UInt8] {
        let size = pixels.region.size
        var image = png_image()
        image.version = UInt32(PNG_IMAGE_VERSION)
        image.format = pixels.channels == 1 ? UInt32(PNG_FORMAT_GRAY) : PNG_FORMAT_RGB
        guard let width = UInt32(exactly: size.width), let height = UInt32(exactly: size.height),
            let rowBytes = Int32(exactly: pixels.rowBytes)
        else { throw .unsupported(reason: "\(size) pixels cannot be written as PNG") }
        (image.width, image.height) = (width, height)
        defer { png_image_free(&image) }
        // Without memory to write to, it tells how much is needed.
        var count = 0
        var written = png_image_write_to_memory(&image, nil, &count, 0, pixels.base, rowBytes, nil)
        let file = [UInt8](unsafeUninitializedCapacity: count) { output, filled in
            if written != 0 {
                written = png_image_write_to_memory(
                    &image, output.baseAddress, &count, 0, pixels.base, rowBytes, nil)
            }
            filled = written != 0 ? count : 0
        }
        guard written != 0 else { throw .unsupported(reason: "\(size) pixels cannot be written as PNG") }
        return file
    }
}
