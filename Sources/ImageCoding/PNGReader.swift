import CPNG

/// libpng's decoder.
enum PNGReader {
    /// Decodes the first rows, or all: an interlaced image is not decoded in part.
    static func decode(
        _ bytes: UnsafeRawBufferPointer, _ header: ImageHeader, _ channels: Int, rows: Int,
        into memory: inout PixelMemory
    ) throws(ImageError) -> PixelView {
        var reader = cpng_reader()
        // The library has the address of the reader until it is closed.
        return try withUnsafeMutablePointer(to: &reader) { (reader) throws(ImageError) in
            defer { cpng_close(reader) }
            let address = bytes.baseAddress?.assumingMemoryBound(to: UInt8.self)
            try check(cpng_open(reader, address, bytes.count), reader)
            guard Int(png_get_image_width(reader.pointee.png, reader.pointee.info)) == header.size.width,
                Int(png_get_image_height(reader.pointee.png, reader.pointee.info)) == header.size.height
            else { throw .damaged(reason: "it has two sizes") }
            var (stored, passes): (Int32, Int32) = (0, 0)
            var rowBytes = 0
            try check(cpng_start(reader, channels == 3 ? 1 : 0, &stored, &rowBytes, &passes), reader)
            guard (stored == channels || stored == 3), rowBytes == header.size.width * Int(stored) else {
                throw .damaged(reason: "it has pixels of \(stored) channels")
            }
            let rows = passes > 1 ? header.size.height : rows
            let output = memory.room(for: rowBytes * rows)
            for _ in 0..<passes { try check(cpng_read_rows(reader, output, rowBytes, rows), reader) }
            if rows == header.size.height { try check(cpng_finish(reader), reader) }
            if stored > channels { PixelConversion.greyFromRGB(output, count: header.size.width * rows) }
            return PixelView(
                base: output, rowBytes: header.size.width * channels, channels: channels,
                region: PixelRect(x: 0, y: 0, width: header.size.width, height: rows), imageSize: header.size,
                owner: memory.buffer)
        }
    }

    private static func check(_ succeeded: Int32, _ reader: UnsafeMutablePointer<cpng_reader>) throws(ImageError) {
        guard succeeded == 0 else { return }
        guard reader.pointee.cut_off == 0 else { throw .truncated }
        let reason = withUnsafePointer(to: &reader.pointee.reason) { tuple in
            tuple.withMemoryRebound(to: CChar.self, capacity: 1) { String(cString: $0) }
        }
        throw reason.isEmpty ? .outOfMemory : .damaged(reason: reason)
    }
}
