import CWebP

extension ImageHeader {
    /// JPEG: marker after marker up to the image's first scan.
    static func jpeg(_ bytes: ByteReader) throws(ImageError) -> ImageHeader {
        var reader = bytes
        var orientation = Orientation.upright
        var frame: (size: PixelSize, color: Color, bits: Int)?
        try reader.skip(2)
        while true {
            // Bytes between segments are passed over, as libjpeg does.
            while try reader.number(1) != 0xFF {}
            var marker = 0xFF
            while marker == 0xFF { marker = try reader.number(1) }
            switch marker {
            // Without a length: fill, restarts, the beginning.
            case 0x00, 0x01, 0xD0...0xD8: continue
            case 0xD9: throw .damaged(reason: "it ends before its pixels")
            case 0xDA:
                guard let frame else { throw .damaged(reason: "its pixels come before their number") }
                return ImageHeader(
                    format: .jpeg, size: frame.size, color: frame.color, bits: frame.bits, orientation: orientation)
            default: break
            }
            var segment = try reader.next(try reader.number(2) - 2)
            switch marker {
            case 0xC0...0xCF where ![0xC4, 0xC8, 0xCC].contains(marker) && frame == nil:
                let bits = try segment.number(1)
                let (height, width) = (try segment.number(2), try segment.number(2))
                let color: Color
                switch try segment.number(1) {
                case 1: color = .grey
                case 3: color = .rgb
                case 4: color = .cmyk
                case let count: throw .unsupported(reason: "it has \(count) channels")
                }
                frame = (PixelSize(width: width, height: height), color, bits)
            case 0xE1 where segment.starts(with: "Exif\0\0"): orientation = Orientation(exif: segment)
            default: break
            }
        }
    }

    /// PNG: chunk after chunk up to the end, because EXIF data may come last. Of an image that is cut off, what is there.
    static func png(_ bytes: ByteReader) throws(ImageError) -> ImageHeader {
        var reader = bytes
        try reader.skip(8)
        var header = try Self.chunk(&reader)
        guard header.type.starts(with: "IHDR") else { throw .damaged(reason: "it does not begin with its size") }
        let (width, height) = (try header.data.number(4), try header.data.number(4))
        let (bits, type) = (try header.data.number(1), try header.data.number(1))
        var hasAlpha = type & 4 != 0
        var orientation = Orientation.upright
        var isAnimated = false
        while let (type, data) = try? Self.chunk(&reader) {
            if type.starts(with: "tRNS") { hasAlpha = true }
            if type.starts(with: "acTL") { isAnimated = true }
            if type.starts(with: "eXIf") { orientation = Orientation(exif: data) }
        }
        return ImageHeader(
            format: .png, size: PixelSize(width: width, height: height),
            color: type & 1 != 0 ? .palette : type & 2 != 0 ? .rgb : .grey, hasAlpha: hasAlpha, bits: bits,
            orientation: orientation, isAnimated: isAnimated)
    }

    private static func chunk(_ reader: inout ByteReader) throws(ImageError) -> (type: ByteReader, data: ByteReader) {
        let length = try reader.number(4)
        let chunk = (try reader.next(4), try reader.next(length))
        try reader.skip(4)
        return chunk
    }

    /// WebP: a lossy or a lossless image alone, or an extended file of several chunks.
    static func webp(_ bytes: ByteReader) throws(ImageError) -> ImageHeader {
        var features = WebPBitstreamFeatures()
        try WebP.check(
            WebPGetFeatures(bytes.bytes.baseAddress?.assumingMemoryBound(to: UInt8.self), bytes.bytes.count, &features))
        var reader = bytes
        var orientation = Orientation.upright
        try reader.skip(12)
        while let type = try? reader.next(4), let length = try? reader.number(4, .little),
            let data = try? reader.next(length)
        {
            if type.starts(with: "EXIF") { orientation = Orientation(exif: data) }
            // Chunks have an even length.
            if length % 2 == 1 { try? reader.skip(1) }
        }
        return ImageHeader(
            format: .webp, size: PixelSize(width: Int(features.width), height: Int(features.height)), color: .rgb,
            hasAlpha: features.has_alpha != 0, orientation: orientation, isAnimated: features.has_animation != 0)
    }
}
