import Basics
import CJPEG

/// libjpeg's decoder.
final class JPEGReader {
    private let decoder: UnsafeMutablePointer<cjpeg_decoder>

    init(_ limits: ImageLimits) throws(ImageError) {
        guard let decoder = cjpeg_new_decoder(Int32(clamping: limits.maxScans)) else { throw .outOfMemory }
        self.decoder = decoder
    }

    deinit { cjpeg_free_decoder(decoder) }

    func decode(
        _ bytes: UnsafeRawBufferPointer, _ header: ImageHeader, _ channels: Int, _ reduction: Reduction,
        _ region: PixelRect, into memory: inout PixelMemory
    ) throws(ImageError) -> PixelView {
        // After the whole image has been read, this does nothing.
        defer { cjpeg_give_up(decoder) }
        try check(cjpeg_read_header(decoder, bytes.baseAddress?.assumingMemoryBound(to: UInt8.self), bytes.count))
        guard Int(decoder.pointee.info.image_width) == header.size.width,
            Int(decoder.pointee.info.image_height) == header.size.height
        else { throw .damaged(reason: "it has two sizes") }

        let isCMYK = decoder.pointee.info.num_components == 4
        decoder.pointee.info.out_color_space = isCMYK ? JCS_CMYK : channels == 1 ? JCS_GRAYSCALE : JCS_RGB
        decoder.pointee.info.scale_num = 1
        decoder.pointee.info.scale_denom = UInt32(reduction.rawValue)
        // It would guess at what a progressive image without its last scans lacks, in each region differently.
        decoder.pointee.info.do_block_smoothing = 0
        try check(cjpeg_start(decoder))
        let size = PixelSize(
            width: Int(decoder.pointee.info.output_width), height: Int(decoder.pointee.info.output_height))
        guard size == reduction.reduced(header.size) else { throw .damaged(reason: "it has two sizes") }

        let (first, width) = try crop(region, of: size)
        let stored = Int(decoder.pointee.info.output_components)
        let rowBytes = width * stored
        let output = memory.room(for: rowBytes * region.height)
        if region.y > 0 { try check(cjpeg_skip_rows(decoder, UInt32(region.y))) }
        try check(cjpeg_read_rows(decoder, output, rowBytes, UInt32(region.height)))
        if region.y + region.height == size.height { try check(cjpeg_finish(decoder)) }
        if isCMYK {
            let isInverted = decoder.pointee.info.saw_Adobe_marker != 0
            PixelConversion.fromCMYK(output, count: width * region.height, isInverted: isInverted, channels: channels)
        }
        return PixelView(
            base: output, rowBytes: width * channels, channels: channels,
            region: PixelRect(x: first, y: region.y, width: width, height: region.height), imageSize: size,
            owner: memory.buffer)
    }

    /// Leaves out columns that are not needed; the first one decoded, and how many. A block's colours are interpolated with
    /// those of its neighbours, so pixels at the edges of what is decoded differ: two more on each side are decoded.
    private func crop(_ region: PixelRect, of size: PixelSize) throws(ImageError) -> (first: Int, width: Int) {
        let first = max(0, region.x - 2)
        let end = min(size.width, region.x + region.width + 2)
        guard end - first < size.width else { return (0, size.width) }
        var (column, count) = (UInt32(first), UInt32(end - first))
        try check(cjpeg_crop(decoder, &column, &count))
        return (Int(column), Int(count))
    }

    private func check(_ succeeded: Int32) throws(ImageError) {
        guard succeeded == 0 else { return }
        guard decoder.pointee.errors.cut_off == 0 else { throw .truncated }
        let reason = withUnsafePointer(to: &decoder.pointee.errors.reason) { tuple in
            tuple.withMemoryRebound(to: CChar.self, capacity: 1) { String(cString: $0) }
        }
        throw .damaged(reason: reason)
    }
}
