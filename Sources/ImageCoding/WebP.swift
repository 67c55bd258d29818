import CWebP

/// libwebp's decoder.
enum WebP {
    static func decode(
        _ bytes: UnsafeRawBufferPointer, _ header: ImageHeader, _ channels: Int, into memory: inout PixelMemory
    ) throws(ImageError) -> PixelView {
        let (width, height) = (header.size.width, header.size.height)
        let output = memory.room(for: width * height * 3)
        var config = WebPDecoderConfig()
        guard WebPInitDecoderConfig(&config) != 0 else { throw .unsupported(reason: "libwebp has another version") }
        config.output.colorspace = MODE_RGB
        config.output.is_external_memory = 1
        config.output.u.RGBA = WebPRGBABuffer(rgba: output, stride: Int32(width * 3), size: width * height * 3)
        defer { WebPFreeDecBuffer(&config.output) }
        try check(WebPDecode(bytes.baseAddress?.assumingMemoryBound(to: UInt8.self), bytes.count, &config))
        if channels == 1 { PixelConversion.greyFromRGB(output, count: width * height) }
        return PixelView(
            base: output, rowBytes: width * channels, channels: channels, region: PixelRect(header.size),
            imageSize: header.size, owner: memory.buffer)
    }

    static func check(_ status: VP8StatusCode) throws(ImageError) {
        switch status {
        case VP8_STATUS_OK: return
        case VP8_STATUS_NOT_ENOUGH_DATA, VP8_STATUS_SUSPENDED: throw .truncated
        case VP8_STATUS_OUT_OF_MEMORY: throw .outOfMemory
        case VP8_STATUS_UNSUPPORTED_FEATURE: throw .unsupported(reason: "it uses a part of WebP that libwebp lacks")
        default: throw .damaged(reason: "libwebp cannot decode it")
        }
    }
}
